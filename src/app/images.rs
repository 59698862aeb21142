//! Images of pets: uploaded in pieces, kept in files, served, and gone with their pet.

use aws_lc_rs::digest::{Context, SHA256};
use tokio::fs::File;

use super::change::{Audited, Change, found};
use super::policy::{Operation, authorize};
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::event::Fact;
use crate::domain::image::{MAX_METADATA, PetImage};
use crate::domain::pet::{MAX_LIST, check_text};
use crate::domain::{Error, ImageId, Kind, Pet, PetId, Principal, Result, Timestamp};
use crate::images::Incoming;

/// How long a file may be without a row: an upload that is under way has its file first.
const ORPHAN_MS: i64 = 3_600_000;
/// Files that are looked up at a time.
const SWEEP: usize = 500;

/// An image on its way to a pet.
pub struct Upload {
    pet: PetId,
    file: Incoming,
    /// Of the bytes of the file.
    digest: Context,
    /// Why the pet cannot have it, if that is known; told once it is certain that this was not answered before.
    refused: Option<Error>,
}

/// A file that came with a request before it is known what it is for; it is on disk for as long as this is there.
#[derive(Debug)]
pub struct Received(Incoming);

impl Received {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond what it may have.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write(bytes).await
    }

    /// Ends it: it is whole.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be written.
    pub async fn end(&mut self) -> Result<()> {
        self.0.flush().await
    }

    /// All of it, for what is kept in the database.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond `max_bytes`.
    pub async fn read(&self, max_bytes: usize) -> Result<Vec<u8>> {
        self.0.read(max_bytes).await
    }
}

impl Upload {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond what an image may have.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.digest.update(bytes);
        self.file.write(bytes).await
    }

    /// SHA-256 of what was sent: the file so far, and the note.
    pub fn digest(&self, note: Option<&str>) -> [u8; 32] {
        let mut whole = Context::new(&SHA256);
        whole.update(self.digest.clone().finish().as_ref());
        whole.update(&[u8::from(note.is_some())]);
        whole.update(note.unwrap_or_default().as_bytes());
        let (mut hash, digest) = ([0; 32], whole.finish());
        hash.copy_from_slice(digest.as_ref());
        hash
    }
}

impl App {
    /// Largest image that is taken, in bytes.
    pub fn max_image_bytes(&self) -> usize {
        self.0.images.limits().max_bytes
    }

    /// Begins the upload of an image of a pet, before any byte of it is taken. With an idempotency key, it is
    /// [`App::keep_image`] that tells whether the pet can have it: the upload may have an answer already.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`]; [`Error::LimitReached`] when the pet has enough.
    pub async fn begin_image(&self, caller: &Caller, pet: PetId) -> Result<Upload> {
        let refused = self.refused_image(caller, pet).await?;
        let max_bytes = self.0.images.limits().max_bytes;
        let file = self.0.images.begin(ImageId(self.0.ids.uuid_v7()), max_bytes).await?;
        Ok(Upload { pet, file, digest: Context::new(&SHA256), refused })
    }

    /// Begins a file of at most `max_bytes` of which it is not known yet what it is for.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be made.
    pub async fn receive_file(&self, max_bytes: usize) -> Result<Received> {
        self.0.images.begin(ImageId(self.0.ids.uuid_v7()), max_bytes).await.map(Received)
    }

    /// Keeps a file that has arrived as an image of a pet.
    ///
    /// # Errors
    /// As [`App::begin_image`] and [`App::keep_image`]; [`Error::TooLarge`] beyond what an image may have.
    pub async fn keep_received_image(
        &self,
        caller: &Caller,
        pet: PetId,
        file: &Received,
        metadata: Option<String>,
    ) -> Result<PetImage> {
        let refused = self.refused_image(caller, pet).await?;
        let file = file.0.link(ImageId(self.0.ids.uuid_v7())).await?;
        let upload = Upload { pet, file, digest: Context::new(&SHA256), refused };
        self.keep_image(caller, upload, metadata).await
    }

    /// Why a pet cannot have another image, when that waits for the answer that may have been given already.
    async fn refused_image(&self, caller: &Caller, pet: PetId) -> Result<Option<Error>> {
        authorize(Operation::WritePets, &caller.principal)?;
        let tenant = caller.principal.tenant;
        let known = found(self.0.store.read().find_pet(tenant, pet).await?, "pet");
        match known.and_then(|known| check_photos(&known)) {
            Err(refusal) if caller.terms.claim.is_none() => Err(refusal),
            checked => Ok(checked.err()),
        }
    }

    /// Keeps an image that arrived whole: its address joins the pet's photos.
    ///
    /// # Errors
    /// [`Error::UnsupportedMediaType`] and [`Error::Invalid`] naming `file` for what is no image;
    /// [`Error::Invalid`] naming `additionalMetadata`; [`Error::NotFound`]; [`Error::LimitReached`].
    pub async fn keep_image(
        &self,
        caller: &Caller,
        upload: Upload,
        metadata: Option<String>,
    ) -> Result<PetImage> {
        authorize(Operation::WritePets, &caller.principal)?;
        if let Some(refusal) = upload.refused {
            return Err(refusal);
        }
        let note = metadata.as_ref();
        if let Some(violation) = note.and_then(|text| check_text("additionalMetadata", text, 0, MAX_METADATA))
        {
            return Err(Error::invalid(violation));
        }
        let pet = upload.pet;
        let (id, info) = upload.file.finish().await?;
        let max = self.0.images.limits().max_per_pet;
        let public_url = self.0.settings.public_url.clone();
        let kept = self.change(caller, async move |change| {
            let before = found(change.writes.pet(change.tenant, pet).await?, "pet")?;
            check_photos(&before)?;
            if change.writes.pet_images(change.tenant, pet).await?.len() >= max {
                let message = format!("a pet can have at most {max} uploaded images");
                return Err(Error::LimitReached { limit: "images.max_per_pet", message });
            }
            let image =
                PetImage { id, tenant: change.tenant, pet_id: pet, info, metadata, created_at: change.now };
            let mut after = before.clone();
            after.photos.push(format!("{public_url}{}", image.path()));
            after.updated_at = change.now;
            change.writes.update_pet(&after).await?;
            change.writes.insert_pet_image(&image).await?;
            change.state(Fact::pet_updated(&after)).await?;
            let (before, after) = (Snapshot::Pet(before), Snapshot::Pet(after));
            Ok((image, Audited::new(Action::PetImageAdded, Some(before), Some(after))))
        });
        let kept = kept.await;
        // Only when it is certain that no row knows it: a commit that could not be confirmed may be there after all. What
        // is left then, or by a caller who goes away before this, is the sweep's.
        if kept.as_ref().is_err_and(|error| !matches!(error.kind(), Kind::Unavailable | Kind::Internal)) {
            self.drop_images(&[id]).await;
        }
        kept
    }

    /// An image with its file.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_image(
        &self,
        principal: &Principal,
        pet: PetId,
        id: ImageId,
    ) -> Result<(PetImage, File)> {
        authorize(Operation::ReadPets, principal)?;
        let image = self.0.store.read().find_pet_image(principal.tenant, pet, id).await?;
        let image = found(image, "image")?;
        let file = self.0.images.read(id).await?;
        Ok((image, file))
    }

    /// Takes away the files of images that no pet has: those of uploads that were cut off, and of pets that are gone.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the files or the store cannot be read.
    pub async fn sweep_images(&self) -> Result<()> {
        let before = Timestamp::from_ms(self.0.clock.now_ms().saturating_sub(ORPHAN_MS));
        let mut files = self.0.images.files(before).await?;
        loop {
            let ids = files.next(SWEEP).await?;
            if ids.is_empty() {
                return Ok(());
            }
            self.drop_images(&self.0.store.read().unknown_images(&ids).await?).await;
        }
    }

    /// Takes files away that no row knows any more; what stays is left to the sweep.
    pub(super) async fn drop_images(&self, ids: &[ImageId]) {
        for id in ids {
            if let Err(error) = self.0.images.remove(*id).await {
                tracing::warn!(image = %id, cause = ?std::error::Error::source(&error), "the file of an image could not be removed");
            }
        }
    }
}

impl Change<'_> {
    /// Forgets the images whose address is no longer among the pet's photos; their files go after the commit.
    pub async fn forget_images(&mut self, pet: &Pet) -> Result<Vec<ImageId>> {
        let mut gone = Vec::new();
        for image in self.writes.pet_images(self.tenant, pet.id).await? {
            if !pet.photos.iter().any(|photo| image.is_at(photo)) {
                self.writes.delete_pet_image(self.tenant, image.id).await?;
                gone.push(image.id);
            }
        }
        Ok(gone)
    }
}

fn check_photos(pet: &Pet) -> Result<()> {
    if pet.photos.len() < MAX_LIST {
        return Ok(());
    }
    let message = format!("a pet can have at most {MAX_LIST} photos");
    Err(Error::LimitReached { limit: "pet.photos", message })
}
