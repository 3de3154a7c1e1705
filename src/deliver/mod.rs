//! Channels: e-mail, webhook, file.
