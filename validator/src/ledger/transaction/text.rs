//! What an operator says of itself: four texts of fixed width, each in one encoding only.
//!
//! ```text
//! profile = name 32 ‖ website 64 ‖ contact 64 ‖ details 96        text = UTF-8 without control characters ‖ zeros to its width
//! ```

use plasmid_bridge::proof::bytes::Reader;

use crate::ledger::reject::Reject;

/// A text of at most `N` bytes, zeros behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// A text for `field`.
    ///
    /// # Errors
    /// [`Reject::TooLarge`] for more than `N` bytes, [`Reject::BadText`] for a control character.
    pub fn new(field: &'static str, text: &str) -> Result<Self, Reject> {
        Reject::check_length(field, text.len(), N)?;
        let mut bytes = [0; N];
        for (byte, from) in bytes.iter_mut().zip(text.bytes()) {
            *byte = from;
        }
        Self::of(field, bytes)
    }

    fn of(field: &'static str, bytes: [u8; N]) -> Result<Self, Reject> {
        let text = Self(bytes);
        let (front, behind) = text.parts();
        let refuse = |why| Err(Reject::BadText { field, why });
        if behind.iter().any(|byte| *byte != 0) {
            return refuse("has bytes behind its first zero");
        }
        match std::str::from_utf8(front) {
            Err(_) => refuse("is not UTF-8"),
            Ok(text) if text.chars().any(char::is_control) => refuse("has a control character"),
            Ok(_) => Ok(text),
        }
    }

    fn take(field: &'static str, reader: &mut Reader<'_>) -> Result<Self, Reject> {
        Self::of(field, reader.array()?)
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(N);
        self.0.split_at_checked(length).unwrap_or((&self.0, &[]))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.parts().0).unwrap_or_default()
    }
}

/// Who an operator says it is. No rule reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What it is called.
    pub name: Text<32>,
    /// Where its page is.
    pub website: Text<64>,
    /// How it is reached.
    pub contact: Text<64>,
    /// Whatever else it says.
    pub details: Text<96>,
}

impl Profile {
    /// The profile in the bytes of a description.
    ///
    /// # Errors
    /// [`Reject::BadText`].
    pub fn of_bytes(bytes: &[u8; 256]) -> Result<Self, Reject> {
        Self::take(&mut Reader::new(bytes))
    }

    /// Name, website, contact and details.
    pub fn texts(&self) -> [&str; 4] {
        [
            self.name.as_str(),
            self.website.as_str(),
            self.contact.as_str(),
            self.details.as_str(),
        ]
    }

    /// The bytes of a description.
    pub fn bytes(&self) -> [u8; 256] {
        let texts = [
            self.name.0.as_slice(),
            &self.website.0,
            &self.contact.0,
            &self.details.0,
        ];
        let mut bytes = [0; 256];
        for (byte, from) in bytes.iter_mut().zip(texts.into_iter().flatten()) {
            *byte = *from;
        }
        bytes
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, Reject> {
        Ok(Self {
            name: Text::take("the name", reader)?,
            website: Text::take("the website", reader)?,
            contact: Text::take("the contact", reader)?,
            details: Text::take("the details", reader)?,
        })
    }
}

/// A byte that is 0 or 1.
pub(super) fn take_flag(reader: &mut Reader<'_>, field: &'static str) -> Result<bool, Reject> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Reject::BadField {
            field,
            found: other.into(),
            allowed: "it is 0 or 1",
        }),
    }
}
