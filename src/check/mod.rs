//! From syntax to meaning: names, types, units, lints. Makes the `RuleSet`; knows no customer.
