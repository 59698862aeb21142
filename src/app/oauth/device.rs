//! The device grant (RFC 8628): a device shows a code, its user enters it on a page, the device asks until it is answered.

use super::super::change::{Audited, found};
use super::super::guard::Attempt;
use super::super::logins::{fingerprint, seconds};
use super::super::{App, Caller};
use super::token::Issued;
use super::{ClientCredentials, Visitor, asked_scopes, check_grant, refuse};
use crate::clock::Ids;
use crate::domain::audit::{Action, Origin, Snapshot};
use crate::domain::oauth::{Client, GrantType, Refusal, user_code};
use crate::domain::{Error, Principal, Result, Scope, SessionId, Tenant, Timestamp};
use crate::store::oauth::{DeviceRequest, DeviceStatus};

/// Consonants that are not mistaken for one another (RFC 8628 §6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of a code that users type in: 34 bits, against guesses that are throttled.
const USER_CODE: usize = 8;
/// What a device that asks too soon must wait longer (RFC 8628 §3.5), seconds.
const SLOWER_S: u32 = 5;

/// What a device is given. Not `Debug`.
pub struct DeviceCode {
    pub device_code: String,
    /// In two groups.
    pub user_code: String,
    pub expires_in_s: u64,
    pub interval_s: u32,
}

/// What a user is asked.
pub struct Question {
    pub user_code: String,
    pub client: Client,
    pub scopes: Vec<Scope>,
}

/// What a device's question comes to.
enum Turn {
    Refused(Refusal, &'static str),
    Approved,
}

impl App {
    /// Begins: a code for the device, and one for its user.
    ///
    /// # Errors
    /// [`Error::OAuth`]; [`Error::RateLimited`] when too many wait for their users.
    pub async fn begin_device(&self, shown: &ClientCredentials, scope: Option<&str>) -> Result<DeviceCode> {
        let client = self.client(shown).await?;
        check_grant(&client, GrantType::DeviceCode)?;
        let scopes = asked_scopes(&client, scope)?;
        let settings = self.0.settings.oauth.clone();
        let (device_code, typed) = (self.new_browser(), new_user_code(&self.0.ids));
        let now = self.now();
        let request = DeviceRequest {
            hash: fingerprint(&device_code),
            user_code: typed.clone(),
            client_id: client.id,
            tenant: client.tenant,
            scopes,
            status: DeviceStatus::Pending,
            user_id: None,
            interval_s: settings.device_interval_s,
            polled_at: None,
            expires_at: now.plus_ms(seconds(settings.device_ttl_s)),
        };
        // No change of the store yet, and so no audit row: anyone may begin one.
        self.0
            .store
            .write(async move |writes| {
                if writes.count_device_requests(now).await? >= settings.max_device_codes {
                    return Err(Error::RateLimited { limit: "oauth.max_device_codes", retry_after_s: 60 });
                }
                writes.insert_device_request(&request).await
            })
            .await?;
        let (left, right) = typed.split_at(USER_CODE / 2);
        let user_code = format!("{left}-{right}");
        let (expires_in_s, interval_s) = (settings.device_ttl_s, settings.device_interval_s);
        Ok(DeviceCode { device_code, user_code, expires_in_s, interval_s })
    }

    /// What the code that a user typed in stands for. Guesses are counted, by address.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it waits for nobody (any more); [`Error::RateLimited`] after too many of those.
    pub async fn device_question(&self, origin: &Origin, typed: &str) -> Result<Question> {
        let attempt = Attempt { account: None, address: origin.ip_address };
        self.0.guard.check(&attempt, self.now())?;
        let typed = user_code(typed);
        let request = self.0.store.read().find_device_request(&typed).await?;
        let Some(request) = request.filter(|request| waits(request, self.now())) else {
            let anyone = Caller::new(Principal::anonymous(Tenant::PUBLIC), origin.clone());
            self.note_failure(&anyone, &attempt, None).await?;
            return Err(Error::NotFound("device"));
        };
        let client = found(self.registered(&request.client_id).await?, "device")?.client;
        Ok(Question { user_code: typed, client, scopes: request.scopes })
    }

    /// The user's answer.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the code waits for nobody any more.
    pub async fn answer_device(
        &self,
        origin: &Origin,
        visitor: &Visitor,
        question: &Question,
        approved: bool,
    ) -> Result<()> {
        let (typed, user) = (question.user_code.clone(), visitor.user.clone());
        let snapshot = Some(Snapshot::Client(question.client.clone()));
        self.change(&visitor.caller(origin), async move |change| {
            let request = change.writes.device_request_of(&typed).await?;
            let now = change.now;
            let same = |request: &DeviceRequest| request.tenant == user.tenant && waits(request, now);
            let mut request = found(request.filter(same), "device")?;
            let action = if approved {
                (request.status, request.user_id) = (DeviceStatus::Approved, Some(user.id));
                Action::AuthorizationGranted
            } else {
                request.status = DeviceStatus::Denied;
                Action::AuthorizationDenied
            };
            change.writes.update_device_request(&request).await?;
            Ok(((), Audited::new(action, None, snapshot).of(&user)))
        })
        .await
    }

    /// A device asks for its tokens.
    pub(super) async fn redeem_device_code(
        &self,
        caller: &Caller,
        client: Client,
        device_code: Option<String>,
    ) -> Result<Issued> {
        let code = device_code.ok_or_else(|| refuse(Refusal::InvalidRequest, "device_code is missing"))?;
        let (hash, now, id) = (fingerprint(&code), self.now(), client.id.clone());
        // Most questions change nothing but when they were asked.
        let turn = self
            .0
            .store
            .write(async move |writes| {
                let unknown = || refuse(Refusal::InvalidGrant, "the device code is not known");
                let request = writes.device_request(&hash).await?.filter(|request| request.client_id == id);
                let mut request = request.ok_or_else(unknown)?;
                let turn = ask(&mut request, now);
                writes.update_device_request(&request).await?;
                Ok(turn)
            })
            .await?;
        match turn {
            Turn::Refused(refusal, why) => Err(refuse(refusal, why)),
            Turn::Approved => {
                let (app, redeemer) = (self.clone(), client.clone());
                let grant = self
                    .change(caller, async move |change| {
                        let bad =
                            || refuse(Refusal::InvalidGrant, "the device code is used or its user is gone");
                        let mut request = change.writes.device_request(&hash).await?.ok_or_else(bad)?;
                        let user_id = request.user_id.filter(|_| request.status == DeviceStatus::Approved);
                        let user = change.writes.user(request.tenant, user_id.ok_or_else(bad)?).await?;
                        let user = user.ok_or_else(bad)?;
                        request.status = DeviceStatus::Used;
                        change.writes.update_device_request(&request).await?;
                        let session = SessionId(change.ids.uuid_v7());
                        let grant = app.grant_to(change, &user, &redeemer, session, request.scopes).await?;
                        let snapshot = Some(Snapshot::User(user.clone()));
                        Ok((grant, Audited::new(Action::TokenIssued, None, snapshot).of(&user)))
                    })
                    .await?;
                Ok(Issued::of(grant, &client))
            }
        }
    }
}

fn waits(request: &DeviceRequest, now: Timestamp) -> bool {
    request.status == DeviceStatus::Pending && request.expires_at > now
}

/// What a question now comes to (RFC 8628 §3.5).
fn ask(request: &mut DeviceRequest, now: Timestamp) -> Turn {
    if request.expires_at <= now {
        return Turn::Refused(Refusal::ExpiredToken, "the device code has expired; begin again");
    }
    match request.status {
        DeviceStatus::Approved => return Turn::Approved,
        DeviceStatus::Denied => return Turn::Refused(Refusal::AccessDenied, "the user did not allow it"),
        DeviceStatus::Used => return Turn::Refused(Refusal::InvalidGrant, "the device code was used"),
        DeviceStatus::Pending => {}
    }
    let last = request.polled_at.replace(now);
    let earliest = last.map(|last| last.plus_ms(i64::from(request.interval_s) * 1000));
    if earliest.is_some_and(|earliest| now < earliest) {
        request.interval_s = request.interval_s.saturating_add(SLOWER_S);
        return Turn::Refused(Refusal::SlowDown, "asked too soon; wait 5 seconds longer between questions");
    }
    Turn::Refused(Refusal::AuthorizationPending, "the user has not answered yet")
}

fn new_user_code(ids: &Ids) -> String {
    let mut code = String::with_capacity(USER_CODE);
    while code.len() < USER_CODE {
        // Bytes that would make some letters likelier than others are left out.
        let fair = ids.random_bytes::<16>().into_iter().filter(|byte| *byte < 240);
        code.extend(
            fair.map(|byte| char::from(LETTERS[usize::from(byte % 20)])).take(USER_CODE - code.len()),
        );
    }
    code
}
