//! Diagnostics as people see them.

use cvmd::check::Checked;
use cvmd::diagnostic::Format;

pub(crate) fn human(checked: &Checked) -> String {
    Format::Human.render(&checked.sources, &checked.diagnostics, false)
}
