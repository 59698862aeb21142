//! What callers work with inside a change, table by table.

use async_trait::async_trait;

use super::deliveries::ClaimRequest;
use super::engine::SqliteEngine;
use super::{
    answers, audit, callbacks, deliveries, events, orders, payments, pet_images, pets, redeliveries, stats,
    tokens, users, webhooks,
};
use crate::domain::audit::AuditEntry;
use crate::domain::callback::{Callback, Waiting};
use crate::domain::event::Fact;
use crate::domain::image::PetImage;
use crate::domain::inventory::SpeciesStock;
use crate::domain::webhook::{Attempt, Delivery, Endpoint};
use crate::domain::{
    DeliveryId, EndpointId, Error, Event, EventId, ImageId, Order, OrderId, OrderStatus, Payment,
    PaymentStatus, Pet, PetId, PetStatus, Position, Receipt, Result, Seq, Species, Tenant, Timestamp, User,
    UserId,
};
use crate::store::{
    ClaimedDelivery, Credentials, KeptAnswer, Owners, RefreshToken, Revocation, Verdict, Writes,
};

#[async_trait(?Send)]
impl Writes for SqliteEngine {
    async fn pet(&mut self, tenant: Tenant, id: PetId) -> Result<Option<Pet>> {
        pets::find(&mut self.link(), tenant, id).await
    }

    async fn insert_pet(&mut self, pet: &Pet) -> Result<()> {
        self.changed.push((pet.tenant, false));
        pets::insert(&mut self.link(), pet).await
    }

    async fn update_pet(&mut self, pet: &Pet) -> Result<()> {
        self.changed.push((pet.tenant, false));
        pets::update(&mut self.link(), pet).await
    }

    async fn update_pet_status(&mut self, before: PetStatus, pet: &Pet) -> Result<()> {
        self.changed.push((pet.tenant, true));
        pets::update_status(&mut self.link(), before, pet).await
    }

    async fn delete_pet(&mut self, tenant: Tenant, id: PetId, at: Timestamp) -> Result<()> {
        self.changed.push((tenant, false));
        pets::delete(&mut self.link(), tenant, id, at).await
    }

    async fn pet_has_open_order(&mut self, tenant: Tenant, id: PetId) -> Result<bool> {
        orders::open_of_pet(&mut self.link(), tenant, id).await
    }

    async fn stock(&mut self, tenant: Tenant, species: Species) -> Result<SpeciesStock> {
        pets::stock(&mut self.link(), tenant, species).await
    }

    async fn pet_images(&mut self, tenant: Tenant, pet: PetId) -> Result<Vec<PetImage>> {
        pet_images::of_pet(&mut self.link(), tenant, pet).await
    }

    async fn insert_pet_image(&mut self, image: &PetImage) -> Result<()> {
        pet_images::insert(&mut self.link(), image).await
    }

    async fn delete_pet_image(&mut self, tenant: Tenant, id: ImageId) -> Result<()> {
        pet_images::delete(&mut self.link(), tenant, id).await
    }

    async fn insert_user(&mut self, credentials: &Credentials) -> Result<()> {
        users::insert(&mut self.link(), credentials).await
    }

    async fn user(&mut self, tenant: Tenant, id: UserId) -> Result<Option<User>> {
        users::find(&mut self.link(), tenant, id).await
    }

    async fn update_user(&mut self, user: &User) -> Result<()> {
        users::update(&mut self.link(), user).await
    }

    async fn delete_user(&mut self, tenant: Tenant, id: UserId) -> Result<()> {
        users::delete(&mut self.link(), tenant, id).await
    }

    async fn password_hash(&mut self, tenant: Tenant, id: UserId) -> Result<Option<String>> {
        users::password_hash(&mut self.link(), tenant, id).await
    }

    async fn set_password_hash(&mut self, tenant: Tenant, id: UserId, hash: &str) -> Result<()> {
        users::set_password_hash(&mut self.link(), tenant, id, hash).await
    }

    async fn endpoint_ids_of(&mut self, tenant: Tenant, owner: UserId) -> Result<Vec<EndpointId>> {
        webhooks::ids_of(&mut self.link(), tenant, owner).await
    }

    async fn delete_endpoints_of(&mut self, tenant: Tenant, owner: UserId) -> Result<()> {
        webhooks::delete_of(&mut self.link(), tenant, owner).await
    }

    async fn insert_refresh_token(&mut self, token: &RefreshToken) -> Result<()> {
        tokens::insert(&mut self.link(), token).await
    }

    async fn refresh_token(&mut self, hash: &[u8; 32]) -> Result<Option<RefreshToken>> {
        tokens::find(&mut self.link(), hash).await
    }

    async fn mark_refresh_token_used(&mut self, hash: &[u8; 32], at: Timestamp) -> Result<()> {
        tokens::mark_used(&mut self.link(), hash, at).await
    }

    async fn revoke(&mut self, revocation: &Revocation, at: Timestamp) -> Result<()> {
        tokens::revoke(&mut self.link(), revocation, at).await
    }

    async fn purge_credentials(&mut self, now: Timestamp) -> Result<()> {
        tokens::purge_ended(&mut self.link(), now).await
    }

    async fn answer(&mut self, tenant: Tenant, id: &[u8; 32]) -> Result<Option<KeptAnswer>> {
        answers::find(&mut self.link(), tenant, id).await
    }

    async fn keep_answer(&mut self, answer: &KeptAnswer) -> Result<()> {
        answers::keep(&mut self.link(), answer).await
    }

    async fn order(&mut self, tenant: Tenant, id: OrderId) -> Result<Option<Order>> {
        orders::find(&mut self.link(), tenant, id).await
    }

    async fn insert_order(&mut self, order: &Order) -> Result<()> {
        orders::insert(&mut self.link(), order).await?;
        self.tallies.order(order);
        Ok(())
    }

    async fn update_order(&mut self, before: OrderStatus, order: &Order) -> Result<()> {
        orders::update(&mut self.link(), order).await?;
        self.tallies.order_moved(before, order);
        Ok(())
    }

    async fn pet_ordered_again(&mut self, order: &Order) -> Result<bool> {
        orders::ordered_again(&mut self.link(), order).await
    }

    async fn payments_of(&mut self, tenant: Tenant, order: OrderId) -> Result<Vec<Payment>> {
        payments::of_order(&mut self.link(), tenant, order).await
    }

    async fn pending_callbacks(
        &mut self,
        tenant: Tenant,
        order: OrderId,
        user: UserId,
        at_most: u32,
    ) -> Result<Waiting> {
        callbacks::pending(&mut self.link(), tenant, (order, user), at_most).await
    }

    async fn insert_callback(&mut self, callback: &Callback) -> Result<()> {
        let event = self.events[self.kept..].last().cloned();
        let event = event.ok_or_else(|| Error::internal("a callback follows the event that it tells of"))?;
        callbacks::insert(&mut self.link(), callback, &event).await
    }

    async fn insert_payment(&mut self, payment: &Payment) -> Result<()> {
        payments::insert(&mut self.link(), payment).await?;
        self.tallies.payment(None, payment);
        Ok(())
    }

    async fn update_payment(&mut self, before: PaymentStatus, payment: &Payment) -> Result<()> {
        payments::update(&mut self.link(), payment).await?;
        self.tallies.payment(Some(before), payment);
        Ok(())
    }

    async fn captured_payment(&mut self, tenant: Tenant, order: OrderId) -> Result<Option<Payment>> {
        payments::captured(&mut self.link(), tenant, order).await
    }

    async fn insert_receipt(&mut self, tenant: Tenant, receipt: &Receipt) -> Result<()> {
        payments::insert_receipt(&mut self.link(), tenant, receipt).await
    }

    async fn endpoint(&mut self, tenant: Tenant, id: EndpointId) -> Result<Option<Endpoint>> {
        webhooks::find(&mut self.link(), tenant, id).await
    }

    async fn insert_endpoint(&mut self, endpoint: &Endpoint) -> Result<()> {
        webhooks::insert(&mut self.link(), endpoint).await
    }

    async fn update_endpoint(&mut self, endpoint: &Endpoint) -> Result<()> {
        webhooks::update(&mut self.link(), endpoint).await
    }

    async fn delete_endpoint(&mut self, tenant: Tenant, id: EndpointId) -> Result<()> {
        webhooks::delete(&mut self.link(), tenant, id).await
    }

    async fn count_endpoints(&mut self, tenant: Tenant, of: Owners) -> Result<u64> {
        webhooks::count(&mut self.link(), tenant, of).await
    }

    async fn append_event(&mut self, id: EventId, at: Timestamp, fact: Fact) -> Result<()> {
        let seq = Seq(self.head.0 + self.events.len() as u64).next();
        self.events.push(Event::new(id, Position { epoch: self.epoch, seq }, at, fact));
        Ok(())
    }

    async fn insert_audit(&mut self, entry: &AuditEntry) -> Result<()> {
        audit::insert(&mut self.link(), entry).await
    }

    async fn dispatched(&mut self) -> Result<Seq> {
        deliveries::dispatched(&mut self.link()).await
    }

    async fn insert_deliveries(&mut self, deliveries: &[Delivery], upto: Seq) -> Result<()> {
        deliveries::insert(&mut self.link(), deliveries, upto).await
    }

    async fn claim_deliveries(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
        per_endpoint: u32,
    ) -> Result<Vec<ClaimedDelivery>> {
        let epoch = self.epoch;
        deliveries::claim(&mut self.link(), epoch, ClaimRequest { now, lease_until, limit, per_endpoint })
            .await
    }

    async fn settle_delivery(
        &mut self,
        delivery: DeliveryId,
        claim: u64,
        attempt: &Attempt,
        verdict: Verdict,
    ) -> Result<bool> {
        deliveries::settle(&mut self.link(), delivery, claim, attempt, verdict).await
    }

    async fn end_long_waits(&mut self, now: Timestamp, latest: Timestamp) -> Result<()> {
        deliveries::end_long_waits(&mut self.link(), now, latest).await
    }

    async fn release_leases(&mut self) -> Result<u64> {
        deliveries::release_leases(&mut self.link()).await
    }

    async fn release_claims(&mut self, claims: &[(DeliveryId, u64)]) -> Result<()> {
        deliveries::release(&mut self.link(), claims).await
    }

    async fn give_up_deliveries(&mut self, before: Timestamp, now: Timestamp, limit: u32) -> Result<u64> {
        redeliveries::give_up(&mut self.link(), before, now, limit).await
    }

    async fn purge_settled(&mut self, before: Timestamp, dead_before: Timestamp, limit: u32) -> Result<u64> {
        let deliveries = redeliveries::purge_settled(&mut self.link(), before, dead_before, limit).await?;
        let lanes = callbacks::purge_lanes(&mut self.link(), limit).await?;
        stats::purge_hours(&mut self.link(), before).await?;
        Ok(deliveries.max(lanes).max(tokens::purge_expired(&mut self.link(), before, limit).await?))
    }

    async fn purge_answers(&mut self, now: Timestamp, limit: u32) -> Result<u64> {
        answers::purge_expired(&mut self.link(), now, limit).await
    }

    async fn purge_events(&mut self, before: Timestamp, limit: u32) -> Result<u64> {
        let past = events::purge(&mut self.link(), before, limit).await?;
        Ok(past.max(redeliveries::purge_deleted(&mut self.link(), limit).await?))
    }
}
