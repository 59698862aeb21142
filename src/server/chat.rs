//! The advisor and its desk, as the settings say.

use std::sync::Arc;
use std::time::Duration;

use super::compose::Parts;
use crate::app::chat::ChatLimits;
use crate::chat::desk::DeskSettings;
use crate::chat::knowledge::{Knowledge, Library};
use crate::chat::openai::{OpenAi, OpenAiSettings};
use crate::chat::{Advisor, Allowance, Desk};
use crate::config::{AdvisorEngine, Settings};
use crate::domain::Result;

/// Limits of conversations.
pub(super) fn limits(settings: &Settings) -> ChatLimits {
    let own = &settings.chat;
    ChatLimits {
        max_message_chars: own.max_message_chars,
        messages_per_minute: own.messages_per_minute,
        signs_per_minute: own.signs_per_minute,
        max_rooms: own.max_rooms as u64,
        max_pictures: own.max_pictures as u64,
        max_picture_bytes: own.max_picture_bytes,
    }
}

/// The advisor's desk; what a crash left unanswered is answered.
///
/// # Errors
/// [`crate::domain::Error::Internal`] naming the entry of the knowledge base that cannot be read.
pub(super) async fn open_desk(settings: &Settings, parts: &Parts) -> Result<Desk> {
    let own = &settings.chat;
    let knowledge = Knowledge::new(parts.app.clone(), Library::shared()?);
    let advisor: Arc<dyn Advisor> = match own.engine {
        AdvisorEngine::Knowledge => Arc::new(knowledge),
        AdvisorEngine::OpenAi => {
            let service = OpenAiSettings {
                base_url: own.openai_base_url.clone(),
                api_key: own.openai_api_key.clone(),
                model: own.openai_model.clone(),
                connect_timeout: Duration::from_millis(own.openai_connect_timeout_ms),
                stall_timeout: Duration::from_millis(own.openai_stall_timeout_ms),
                total_timeout: Duration::from_millis(own.openai_total_timeout_ms),
                retries: own.openai_retries,
            };
            let allowance = Allowance::new(parts.clock.clone(), own.openai_tokens_per_user_day);
            let (app, metrics) = (parts.app.clone(), parts.metrics.clone());
            Arc::new(OpenAi::new(service, app, knowledge, allowance, metrics)?)
        }
    };
    let around = (parts.ids.clone(), parts.tasks.clone());
    let limits = DeskSettings {
        max_answers: own.max_answers,
        max_answers_per_user: own.max_answers_per_user,
        history_messages: own.history_messages,
    };
    let desk = Desk::new(parts.app.clone(), advisor, around, limits);
    desk.resume().await?;
    Ok(desk)
}
