//! Pets and the stock that triggers keep of them.

use super::link::{Link, Statement, places};
use super::row::{Fields, Row, Value};
use crate::domain::inventory::{Counts, SpeciesStock};
use crate::domain::pet::{Gender, Size};
use crate::domain::{Amount, Currency, Pet, PetId, PetStatus, Result, Species, Tenant, Timestamp};
use crate::wire::pet::{MedicalInfo, NamedLabel};

macro_rules! columns {
    () => {
        "id, tenant, created_at, name, species, breed, age_months, size, color, gender, good_with_kids, price, \
         currency, description, status, photos, medical_info, category, tags, updated_at"
    };
}
pub(super) const COLUMNS: &str = columns!();

pub(super) fn read(row: &Row) -> Result<Pet> {
    let mut fields = Fields::of(row);
    Ok(Pet {
        id: PetId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        created_at: fields.time()?,
        name: fields.take()?,
        species: fields.named(Species::from_name)?,
        breed: fields.take()?,
        age_months: fields.int()?,
        size: fields.named_or_none(Size::from_name)?,
        color: fields.take()?,
        gender: fields.named(Gender::from_name)?,
        good_with_kids: fields.take()?,
        price: Amount::from_minor(fields.take()?),
        currency: fields.named(Currency::from_name)?,
        description: fields.take()?,
        status: fields.named(PetStatus::from_name)?,
        photos: fields.json()?,
        medical_info: fields.json_or_none::<MedicalInfo>()?.map(Into::into),
        category: fields.json_or_none::<NamedLabel>()?.map(Into::into),
        tags: fields.json::<Vec<NamedLabel>>()?.into_iter().map(Into::into).collect(),
        updated_at: fields.time()?,
    })
}

/// The values of the columns that can change, in the order of [`COLUMNS`].
fn changeable(pet: &Pet) -> Result<[Value; 17]> {
    let tags: Vec<NamedLabel> = pet.tags.iter().cloned().map(Into::into).collect();
    let medical_info = pet.medical_info.clone().map(MedicalInfo::from);
    let category = pet.category.clone().map(NamedLabel::from);
    Ok([
        (&pet.name).into(),
        pet.species.name().into(),
        pet.breed.as_ref().into(),
        pet.age_months.into(),
        pet.size.map(Size::name).into(),
        pet.color.as_ref().into(),
        pet.gender.name().into(),
        pet.good_with_kids.into(),
        pet.price.minor().into(),
        pet.currency.name().into(),
        pet.description.as_ref().into(),
        pet.status.name().into(),
        Value::json(&pet.photos)?,
        medical_info.as_ref().map(Value::json).transpose()?.unwrap_or(Value::Null),
        category.as_ref().map(Value::json).transpose()?.unwrap_or(Value::Null),
        Value::json(&tags)?,
        pet.updated_at.into(),
    ])
}

pub(super) async fn find(link: &mut Link<'_>, tenant: Tenant, id: PetId) -> Result<Option<Pet>> {
    let select = Statement::read(concat!("SELECT ", columns!(), " FROM pets WHERE id = ? AND tenant = ?"));
    link.row(select.bind(id.0).bind(tenant.as_uuid()), read).await
}

pub(super) async fn insert(link: &mut Link<'_>, pet: &Pet) -> Result<()> {
    let insert = Statement::write(format!("INSERT INTO pets ({COLUMNS}) VALUES {}", places(20, 1)))
        .bind(pet.id.0)
        .bind(pet.tenant.as_uuid())
        .bind(pet.created_at)
        .bind_all(changeable(pet)?);
    link.queue(insert).await
}

pub(super) async fn update(link: &mut Link<'_>, pet: &Pet) -> Result<()> {
    let update = Statement::write_one(
        "pet",
        "UPDATE pets SET name = ?, species = ?, breed = ?, age_months = ?, size = ?, color = ?, gender = ?, \
         good_with_kids = ?, price = ?, currency = ?, description = ?, status = ?, photos = ?, medical_info = ?, \
         category = ?, tags = ?, updated_at = ? WHERE id = ? AND tenant = ?",
    )
    .bind_all(changeable(pet)?)
    .bind(pet.id.0)
    .bind(pet.tenant.as_uuid());
    link.queue(update).await
}

/// Replaces the status alone, which touches one index instead of all, and moves the pet within the stock.
pub(super) async fn update_status(link: &mut Link<'_>, before: PetStatus, pet: &Pet) -> Result<()> {
    let update =
        Statement::write_one("pet", "UPDATE pets SET status = ?, updated_at = ? WHERE id = ? AND tenant = ?");
    let update = update.bind(pet.status.name()).bind(pet.updated_at);
    link.queue(update.bind(pet.id.0).bind(pet.tenant.as_uuid())).await?;
    let leave = Statement::write(
        "UPDATE inventory SET count = count - 1, updated_at = max(updated_at, ?) \
         WHERE tenant = ? AND species = ? AND status = ?",
    );
    let (tenant, species) = (pet.tenant.as_uuid(), pet.species.name());
    link.queue(leave.bind(pet.updated_at).bind(tenant).bind(species).bind(before.name())).await?;
    let join = Statement::write(
        "INSERT INTO inventory (tenant, species, status, count, updated_at) VALUES (?, ?, ?, 1, ?) \
         ON CONFLICT (tenant, species, status) DO UPDATE \
         SET count = count + 1, updated_at = max(updated_at, excluded.updated_at)",
    );
    link.queue(join.bind(tenant).bind(species).bind(pet.status.name()).bind(pet.updated_at)).await
}

pub(super) async fn delete(link: &mut Link<'_>, tenant: Tenant, id: PetId, at: Timestamp) -> Result<()> {
    // The trigger that counts the stock knows no time when a row goes.
    let touch = Statement::write(
        "UPDATE inventory SET updated_at = max(updated_at, ?) WHERE (tenant, species, status) = \
         (SELECT tenant, species, status FROM pets WHERE id = ? AND tenant = ?)",
    );
    link.queue(touch.bind(at).bind(id.0).bind(tenant.as_uuid())).await?;
    let delete = Statement::write_one("pet", "DELETE FROM pets WHERE id = ? AND tenant = ?");
    link.queue(delete.bind(id.0).bind(tenant.as_uuid())).await
}

/// One entry for each species that has, or had, a pet, in the order of [`Species::ALL`].
pub(super) async fn inventory(link: &mut Link<'_>, tenant: Tenant) -> Result<Vec<SpeciesStock>> {
    let select = Statement::read("SELECT species, status, count, updated_at FROM inventory WHERE tenant = ?");
    let rows = link.rows(select.bind(tenant.as_uuid())).await?;
    let mut stocks: Vec<SpeciesStock> = Species::ALL.iter().copied().map(empty).collect();
    for row in &rows {
        let mut fields = Fields::of(row);
        let species = fields.named(Species::from_name)?;
        for stock in stocks.iter_mut().filter(|stock| stock.species == species) {
            add(stock, &mut fields)?;
        }
    }
    // The last change of a stock that is empty now is still to be told.
    stocks.retain(|stock| stock.updated_at > Timestamp::from_ms(0));
    Ok(stocks)
}

pub(super) async fn stock(link: &mut Link<'_>, tenant: Tenant, species: Species) -> Result<SpeciesStock> {
    let select =
        Statement::read("SELECT status, count, updated_at FROM inventory WHERE tenant = ? AND species = ?");
    let mut stock = empty(species);
    for row in &link.rows(select.bind(tenant.as_uuid()).bind(species.name())).await? {
        add(&mut stock, &mut Fields::of(row))?;
    }
    Ok(stock)
}

fn empty(species: Species) -> SpeciesStock {
    SpeciesStock { species, counts: Counts::default(), updated_at: Timestamp::from_ms(0) }
}

fn add(stock: &mut SpeciesStock, fields: &mut Fields<'_>) -> Result<()> {
    let status = fields.named(PetStatus::from_name)?;
    *stock.counts.of(status) = fields.int()?;
    stock.updated_at = stock.updated_at.max(fields.time()?);
    Ok(())
}
