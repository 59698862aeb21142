//! Uploaded images of pets.

use super::{ImageId, PetId, Tenant, Timestamp, named_enum};

named_enum! {
    /// The forms of images that are taken, by their media types.
    ImageType { Jpeg => "image/jpeg", Png => "image/png", WebP => "image/webp" }
}

/// Longest note about an image, in characters.
pub const MAX_METADATA: usize = 1000;

/// What the first bytes of an image say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageInfo {
    pub media_type: ImageType,
    /// Length of the file.
    pub bytes: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// An image of a pet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PetImage {
    pub id: ImageId,
    pub tenant: Tenant,
    pub pet_id: PetId,
    pub info: ImageInfo,
    /// What the uploader noted.
    pub metadata: Option<String>,
    pub created_at: Timestamp,
}

impl PetImage {
    /// Where it is served.
    pub fn path(&self) -> String {
        format!("/v1/pets/{}/images/{}", self.pet_id, self.id)
    }

    /// Whether `photo`, one of a pet's, is the address of this image.
    pub fn is_at(&self, photo: &str) -> bool {
        photo.ends_with(&self.path())
    }
}
