//! Passwords: argon2id, off the asynchronous threads, with a bounded queue, so that a flood of logins slows only logins.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::ArgonCost;
use crate::domain::{Error, Result};

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    running: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// The hash of nobody's password: an unknown user costs the same time as a wrong password.
    decoy: Arc<str>,
}

impl Passwords {
    /// With that cost, `concurrency` at once and `queue` waiting.
    ///
    /// # Errors
    /// [`Error::Internal`] when argon2 refuses the cost.
    pub fn new(cost: ArgonCost, concurrency: usize, queue: usize) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None)
            .map_err(|error| Error::internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, "nobody's password")?.into();
        let (running, queue) =
            (Arc::new(Semaphore::new(concurrency)), Arc::new(Semaphore::new(concurrency + queue)));
        Ok(Self { argon2, running, queue, decoy })
    }

    /// The PHC string of `password`.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when too many wait already.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.work(move |argon2| hash(argon2, &password)).await?
    }

    /// Whether `password` is that of the hash; without a hash it is not, and takes as long to say so.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when too many wait already.
    pub async fn verify(&self, password: String, phc: Option<String>) -> Result<bool> {
        let decoy = self.decoy.clone();
        self.work(move |argon2| {
            let known = phc.is_some();
            let matches = PasswordHash::new(phc.as_deref().unwrap_or(&decoy))
                .is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok());
            known && matches
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T> {
        let queued = self
            .queue
            .clone()
            .try_acquire_owned()
            .map_err(|_| Error::RateLimited { limit: "auth.hash_queue", retry_after_s: 2 })?;
        let running = self.running.clone().acquire_owned().await.map_err(Error::internal)?;
        let argon2 = self.argon2.clone();
        // The permits go with the work: a caller that hangs up does not make room for another.
        let work = move || {
            let result = work(&argon2);
            drop((queued, running));
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    let hash =
        argon2.hash_password(password.as_bytes()).map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}
