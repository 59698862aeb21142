//! What is known of uploaded images; their bytes are in files.

use super::link::{Link, Statement, places};
use super::row::{Fields, Row, Value};
use crate::domain::image::{ImageInfo, ImageType, PetImage};
use crate::domain::{ImageId, PetId, Result, Tenant};

const COLUMNS: &str = "id, tenant, pet_id, media_type, bytes, width, height, metadata, created_at";

fn read(row: &Row) -> Result<PetImage> {
    let mut fields = Fields::of(row);
    Ok(PetImage {
        id: ImageId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        pet_id: PetId(fields.take()?),
        info: ImageInfo {
            media_type: fields.named(ImageType::from_name)?,
            bytes: fields.int()?,
            width: fields.int()?,
            height: fields.int()?,
        },
        metadata: fields.take()?,
        created_at: fields.time()?,
    })
}

pub(super) async fn find(
    link: &mut Link<'_>,
    tenant: Tenant,
    pet: PetId,
    id: ImageId,
) -> Result<Option<PetImage>> {
    let select = Statement::read(format!(
        "SELECT {COLUMNS} FROM pet_images WHERE id = ? AND pet_id = ? AND tenant = ?"
    ));
    link.row(select.bind(id.0).bind(pet.0).bind(tenant.as_uuid()), read).await
}

pub(super) async fn of_pet(link: &mut Link<'_>, tenant: Tenant, pet: PetId) -> Result<Vec<PetImage>> {
    let select = Statement::read(format!(
        "SELECT {COLUMNS} FROM pet_images WHERE pet_id = ? AND tenant = ? ORDER BY created_at, id"
    ));
    link.rows(select.bind(pet.0).bind(tenant.as_uuid())).await?.iter().map(read).collect()
}

/// Those of `ids` that have no row, in any tenant.
pub(super) async fn unknown(link: &mut Link<'_>, ids: &[ImageId]) -> Result<Vec<ImageId>> {
    let select =
        Statement::read(format!("SELECT id FROM pet_images WHERE id IN {}", places(ids.len().max(1), 1)));
    let values = ids.iter().map(|id| Value::from(id.0)).chain(ids.is_empty().then_some(Value::Null));
    let rows = link.rows(select.bind_all(values)).await?;
    let known = rows.iter().map(|row| Fields::of(row).take().map(ImageId)).collect::<Result<Vec<_>>>()?;
    Ok(ids.iter().copied().filter(|id| !known.contains(id)).collect())
}

pub(super) async fn insert(link: &mut Link<'_>, image: &PetImage) -> Result<()> {
    let insert = format!("INSERT INTO pet_images ({COLUMNS}) VALUES {}", places(9, 1));
    let insert = Statement::write(insert)
        .bind(image.id.0)
        .bind(image.tenant.as_uuid())
        .bind(image.pet_id.0)
        .bind(image.info.media_type.name())
        .bind(image.info.bytes.cast_signed())
        .bind(image.info.width)
        .bind(image.info.height)
        .bind(image.metadata.as_ref())
        .bind(image.created_at);
    link.queue(insert).await
}

pub(super) async fn delete(link: &mut Link<'_>, tenant: Tenant, id: ImageId) -> Result<()> {
    let delete = Statement::write_one("image", "DELETE FROM pet_images WHERE id = ? AND tenant = ?");
    link.queue(delete.bind(id.0).bind(tenant.as_uuid())).await
}
