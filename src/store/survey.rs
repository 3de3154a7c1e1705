//! How many records of each kind there are, and what they take.

use super::{Store, StoreError};
use crate::record::key::Table;

/// Records of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Which.
    pub table: Table,
    /// Keys: a long record in pieces is several.
    pub records: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

/// Counts all records by table, all tables; reads the whole store, while it goes on.
///
/// # Errors
/// When the store does not read.
pub fn survey(store: &dyn Store) -> Result<Vec<Kind>, StoreError> {
    let count = |table: Table| {
        let prefix = table.prefix();
        let mut kind = Kind { table, records: 0, bytes: 0 };
        for item in store.scan(&prefix, &prefix) {
            let (key, value) = item?;
            kind.records += 1;
            kind.bytes += (key.len() + value.len()) as u64;
        }
        Ok(kind)
    };
    Table::ALL.into_iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Batch, Memory};

    #[test]
    fn each_record_counts_where_it_belongs() {
        let store = Memory::new();
        let mut batch = Batch::default();
        batch.put([Table::Profile.prefix(), vec![1]].concat(), vec![7; 10]);
        batch.put([Table::Profile.prefix(), vec![2]].concat(), Vec::new());
        batch.put([Table::Aside.prefix(), vec![1, 2]].concat(), vec![7]);
        store.commit(batch).wait().unwrap();
        let kinds = survey(&store).unwrap();
        assert_eq!(kinds.len(), Table::ALL.len());
        let of = |table| kinds.iter().find(|kind| kind.table == table).map(|kind| (kind.records, kind.bytes));
        assert_eq!(of(Table::Profile), Some((2, 16)));
        assert_eq!(of(Table::Aside), Some((1, 5)));
        assert_eq!(of(Table::Ledger), Some((0, 0)));
        let all: u64 = kinds.iter().map(|kind| kind.records).sum();
        assert_eq!(all, store.scan(&[], &[]).count() as u64);
    }
}
