//! Pets: list, get, create, update, delete, and the stock of them.

use super::change::{Audited, Change, found};
use super::policy::{Operation, authorize};
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::event::Fact;
use crate::domain::inventory::SpeciesStock;
use crate::domain::page::{Page, PageRequest};
use crate::domain::pet::{PetDraft, PetFilter};
use crate::domain::{Error, ImageId, Pet, PetId, PetStatus, Principal, Result};

impl App {
    /// A page of the tenant's pets.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn list_pets(
        &self,
        principal: &Principal,
        filter: &PetFilter,
        page: PageRequest,
    ) -> Result<Page<Pet>> {
        authorize(Operation::ReadPets, principal)?;
        self.0.store.read().list_pets(principal.tenant, filter, page).await
    }

    /// One pet.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_pet(&self, principal: &Principal, id: PetId) -> Result<Pet> {
        authorize(Operation::ReadPets, principal)?;
        found(self.0.store.read().find_pet(principal.tenant, id).await?, "pet")
    }

    /// How many pets there are, by species and status.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`].
    pub async fn inventory(&self, principal: &Principal) -> Result<Vec<SpeciesStock>> {
        authorize(Operation::ReadInventory, principal)?;
        self.0.store.read().inventory(principal.tenant).await
    }

    /// Adds a pet.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub async fn create_pet(&self, caller: &Caller, draft: PetDraft) -> Result<Pet> {
        authorize(Operation::WritePets, &caller.principal)?;
        let id = PetId(self.0.ids.uuid_v7());
        self.change(caller, async move |change| {
            let pet = draft.create(id, change.tenant, change.now).map_err(Error::Invalid)?;
            change.writes.insert_pet(&pet).await?;
            change.state(Fact::pet_created(&pet)).await?;
            change.state_stock(&pet).await?;
            let audited = Audited::new(Action::PetCreated, None, Some(Snapshot::Pet(pet.clone())));
            Ok((pet, audited))
        })
        .await
    }

    /// Changes a pet; what the draft leaves out keeps its value. An uploaded image whose address is no longer among the
    /// photos is deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`]; [`Error::PetInUse`] when the status is to change under an open order.
    pub async fn update_pet(&self, caller: &Caller, id: PetId, draft: PetDraft) -> Result<Pet> {
        authorize(Operation::WritePets, &caller.principal)?;
        let changed = self.change(caller, async move |change| {
            let before = found(change.writes.pet(change.tenant, id).await?, "pet")?;
            let pet = draft.apply(&before, change.now).map_err(Error::Invalid)?;
            let moved = pet.status != before.status;
            if moved && change.writes.pet_has_open_order(change.tenant, id).await? {
                return Err(Error::PetInUse);
            }
            change.writes.update_pet(&pet).await?;
            let gone =
                if pet.photos == before.photos { Vec::new() } else { change.forget_images(&pet).await? };
            change.state(Fact::pet_updated(&pet)).await?;
            if moved {
                change.state(Fact::pet_status_changed(&pet, before.status)).await?;
            }
            if pet.species != before.species {
                change.state_stock(&before).await?;
            }
            if moved || pet.species != before.species {
                change.state_stock(&pet).await?;
            }
            let audited = Audited::new(
                Action::PetUpdated,
                Some(Snapshot::Pet(before)),
                Some(Snapshot::Pet(pet.clone())),
            );
            Ok(((pet, gone), audited))
        });
        let (pet, gone) = changed.await?;
        self.drop_images(&gone).await;
        Ok(pet)
    }

    /// Removes a pet and its images.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PetInUse`] while an order of it is open.
    pub async fn delete_pet(&self, caller: &Caller, id: PetId) -> Result<()> {
        authorize(Operation::WritePets, &caller.principal)?;
        let deleted = self.change(caller, async move |change| {
            let pet = found(change.writes.pet(change.tenant, id).await?, "pet")?;
            if change.writes.pet_has_open_order(change.tenant, id).await? {
                return Err(Error::PetInUse);
            }
            let images = change.writes.pet_images(change.tenant, id).await?;
            change.writes.delete_pet(change.tenant, id, change.now).await?;
            change.state(Fact::pet_deleted(&pet)).await?;
            change.state_stock(&pet).await?;
            let gone: Vec<ImageId> = images.iter().map(|image| image.id).collect();
            Ok((gone, Audited::new(Action::PetDeleted, Some(Snapshot::Pet(pet)), None)))
        });
        self.drop_images(&deleted.await?).await;
        Ok(())
    }
}

impl Change<'_> {
    /// Moves a pet to `status`, and states that and the new stock.
    pub async fn move_pet(&mut self, mut pet: Pet, status: PetStatus) -> Result<Pet> {
        let previous = pet.status;
        pet.status = status;
        pet.updated_at = self.now;
        self.writes.update_pet_status(previous, &pet).await?;
        self.state(Fact::pet_status_changed(&pet, previous)).await?;
        Ok(pet)
    }

    /// States the stock of a pet's species as it is now.
    pub async fn state_stock(&mut self, pet: &Pet) -> Result<()> {
        let stock = self.writes.stock(self.tenant, pet.species).await?;
        self.state(Fact::inventory_changed(self.tenant, stock)).await
    }
}
