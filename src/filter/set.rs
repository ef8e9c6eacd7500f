//! The grammar that all sets share: `[!]all`, `[!]none`, `[!]ITEM[,ITEM]...`.

/// The text of a set, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<'a> {
    /// What is meant is the opposite: an odd number of `!` stands in front.
    pub inverted: bool,
    /// What is listed.
    pub items: Items<'a>,
}

/// What a set lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Items<'a> {
    /// The word `all`, alone.
    All,
    /// The word `none`, alone.
    None,
    /// These, at least one; none of them is empty.
    Listed(Vec<&'a str>),
}

impl<'a> Set<'a> {
    /// Takes the text apart; `None` if it lists nothing. Empty items do not count, as strace has it.
    pub fn parse(text: &'a str) -> Option<Set<'a>> {
        let list = text.trim_start_matches('!');
        let inverted = (text.len() - list.len()) % 2 == 1;
        let items = match list {
            "all" => Items::All,
            "none" => Items::None,
            _ => {
                let items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
                if items.is_empty() {
                    return None;
                }
                Items::Listed(items)
            }
        };
        Some(Set { inverted, items })
    }

    /// The set as bits: `all` of them, or those that `bit` names for each item.
    ///
    /// # Errors
    /// What `bit` answers for an item that it does not know, also for the whole `text` when it lists nothing.
    pub fn bits<E>(text: &'a str, all: u64, bit: impl Fn(&'a str) -> Result<u64, E>) -> Result<u64, E> {
        let Some(set) = Set::parse(text) else {
            return bit(text);
        };
        let bits = match set.items {
            Items::All => all,
            Items::None => 0,
            Items::Listed(items) => items.into_iter().try_fold(0, |bits, item| Ok(bits | bit(item)?))?,
        };
        Ok(if set.inverted { all & !bits } else { bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclamation_marks_cancel_each_other() {
        let set = |text| Set::parse(text).map(|s| (s.inverted, s.items));
        assert_eq!(set("all"), Some((false, Items::All)));
        assert_eq!(set("!none"), Some((true, Items::None)));
        assert_eq!(set("!!open"), Some((false, Items::Listed(vec!["open"]))));
        assert_eq!(set("!a,,b,"), Some((true, Items::Listed(vec!["a", "b"]))));
        assert_eq!(set("all,a"), Some((false, Items::Listed(vec!["all", "a"]))));
        for nothing in ["", "!", "!!", ",", "!,,"] {
            assert_eq!(set(nothing), None, "{nothing:?}");
        }
    }
}
