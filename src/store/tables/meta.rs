//! What a store knows of itself.

use ring::rand::{SecureRandom, SystemRandom};

use super::{get, put};
use crate::record::StoreIdentity;
use crate::record::key::{self, MetaRecord};
use crate::store::{Batch, Store, StoreError};

/// The layout of keys that this version reads and writes.
pub const VERSION: u32 = 1;

/// The oldest layout that this version reads as it is. Whoever raises [`VERSION`] raises this, too, or
/// brings an older store up to it in `prepare`, before anything reads it.
pub const OLDEST: u32 = 1;

const FORMAT: u8 = 1;

/// The store's identity.
///
/// # Errors
/// [`StoreError::Corrupt`] where there is none: every store has one from its first opening.
pub fn identity(store: &dyn Store) -> Result<StoreIdentity, StoreError> {
    get(store, &key::meta(MetaRecord::Identity), FORMAT)?.ok_or_else(|| {
        StoreError::Corrupt("the store does not say who it is: its first record is missing".into())
    })
}

/// Writes an identity: a restore keeps that of the export.
pub fn put_identity(batch: &mut Batch, identity: &StoreIdentity) {
    put(batch, &key::meta(MetaRecord::Identity), FORMAT, identity);
}

/// An identity of this version made of 48 random bytes: 16 of the id, 32 of the secret.
#[must_use]
pub fn identity_of(random: [u8; 48]) -> StoreIdentity {
    let (mut id, mut secret) = ([0; 16], [0; 32]);
    id.copy_from_slice(&random[..16]);
    secret.copy_from_slice(&random[16..]);
    StoreIdentity { version: VERSION, id, secret }
}

/// Makes the identity of a new store, durable on return; checks that of an old one.
///
/// # Errors
/// [`StoreError::Newer`] where a newer version made the store, or what the store answers.
pub(in crate::store) fn prepare(store: &dyn Store) -> Result<(), StoreError> {
    let found: Option<StoreIdentity> = get(store, &key::meta(MetaRecord::Identity), FORMAT)?;
    if let Some(StoreIdentity { version, .. }) = found {
        return match version {
            OLDEST..=VERSION => Ok(()),
            ..OLDEST => Err(older(version)),
            _ => Err(newer(version)),
        };
    }
    if store.scan(&[], &[]).next().is_some() {
        return Err(StoreError::Corrupt(
            "the store does not say who it is: its first record is missing, as after a restore that was cut \
             off; restore the last export into an empty directory with `cvmd store import`"
                .into(),
        ));
    }
    let mut random = [0; 48];
    SystemRandom::new().fill(&mut random).map_err(|_| {
        StoreError::Io("the system has no random bytes for the store's key; try again".into())
    })?;
    let mut batch = Batch::default();
    put_identity(&mut batch, &identity_of(random));
    store.commit(batch).wait().map(drop)
}

fn newer(version: u32) -> StoreError {
    StoreError::Newer(format!(
        "the store has layout {version}, and this cvmd knows layouts up to {VERSION}: run the version of cvmd \
         that wrote it, or a newer one. Nothing in it was changed. To go back to \
         this one, restore an export that it took"
    ))
}

fn older(version: u32) -> StoreError {
    StoreError::Corrupt(format!(
        "the store has layout {version}, and this cvmd reads layouts from {OLDEST} to {VERSION}: no release wrote an \
         older one; run the version of cvmd that did. Nothing in it was changed"
    ))
}
