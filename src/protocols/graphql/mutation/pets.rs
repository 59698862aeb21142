//! Pets and their images.

use async_graphql::{Context, ID, Object, Result};

use super::payload::payloads;
use crate::domain::PetId;
use crate::protocols::graphql::inputs::{PetField, PetInput};
use crate::protocols::graphql::schema::{CHANGE_COST, app, caller};
use crate::protocols::graphql::types::pet::{Image, Pet};
use crate::protocols::graphql::types::upload::Upload;

payloads! {
    CreatePetPayload = "adding a pet" {
        /// The pet.
        pet: Pet,
    }
    UpdatePetPayload = "changing a pet" {
        /// The pet as it is now.
        pet: Pet,
    }
    DeletePetPayload = "removing a pet" {
        /// The id of the pet that is gone.
        deleted_id: ID,
    }
    UploadPetImagePayload = "uploading an image" {
        /// The image; its address is among the pet's photos.
        image: Image,
    }
}

/// Changes of pets.
#[derive(Default)]
pub struct PetMutations;

#[Object]
impl PetMutations {
    /// Adds a pet (staff).
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn create_pet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pet; `name`, `species`, `ageMonths` and `price` are needed.")] input: PetInput,
    ) -> Result<CreatePetPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let create = async || app.create_pet(caller, input.into_draft()?).await;
        CreatePetPayload::of(create().await.map(|pet| (pet.into(),)))
    }

    /// Changes a pet (staff); what is left out keeps its value.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn update_pet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pet's id.")] id: ID,
        #[graphql(desc = "What is to change.")] input: PetInput,
        #[graphql(desc = "What is to be taken away.")] clear: Option<Vec<PetField>>,
    ) -> Result<UpdatePetPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let update = async || {
            let id = PetId::parse_address("id", &id)?;
            app.update_pet(caller, id, input.into_draft_without(clear)?).await
        };
        UpdatePetPayload::of(update().await.map(|pet| (pet.into(),)))
    }

    /// Removes a pet and its images (staff).
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn delete_pet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pet's id.")] id: ID,
    ) -> Result<DeletePetPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let delete = async || app.delete_pet(caller, PetId::parse_address("id", &id)?).await;
        DeletePetPayload::of(delete().await.map(|()| (id,)))
    }

    /// Adds an image to a pet (staff): JPEG, PNG or WebP, told by its content. The file is sent as
    /// graphql-multipart-request.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn upload_pet_image(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pet's id.")] id: ID,
        #[graphql(desc = "The file.")] file: Upload,
        #[graphql(desc = "What is to be kept beside it.")] additional_metadata: Option<String>,
    ) -> Result<UploadPetImagePayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let upload = async || {
            let pet = PetId::parse_address("id", &id)?;
            app.keep_received_image(caller, pet, file.file(ctx)?, additional_metadata).await
        };
        let image = upload().await.map(|image| Image::of(image, &app.settings().public_url));
        UploadPetImagePayload::of(image.map(|image| (image,)))
    }
}
