//! A config that a behavior has parsed and accepted. The nodes of a group share it, in
//! every run.

use std::ffi::c_void;
use std::sync::Arc;

use runner_abi as abi;

use crate::activity::during;
use crate::library;
use crate::plugin::Behavior;

/// An accepted config. Freed by the plugin that made it.
#[derive(Debug)]
pub struct Config {
    behavior: Arc<Behavior>,
    /// Null: it was accepted in another process.
    handle: *mut c_void,
}

// SAFETY: by the ABI a config is read only, used from several threads at once,
// and freed on any thread after its last use.
#[allow(unsafe_code)]
unsafe impl Send for Config {}
#[allow(unsafe_code)]
// SAFETY: as above.
unsafe impl Sync for Config {}

/// A mistake in a config, as the behavior reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key path, such as `faces` or `script[2]`; empty for the whole config.
    pub path: String,
    /// What was found and what was expected.
    pub message: String,
}

impl Config {
    /// Parses `toml`, the text of one table, with the behavior's own parser.
    ///
    /// # Errors
    ///
    /// Every mistake that the behavior finds.
    #[allow(unsafe_code)]
    pub fn new(behavior: &Arc<Behavior>, toml: &str) -> Result<Config, Vec<Problem>> {
        // SAFETY: checked for null at load.
        let checking = || format!("the config of behavior `{}`", behavior.name);
        let config_new = behavior.table().0.config_new;
        let handle = during(checking, || unsafe { accepted(config_new, toml) })?;
        let mut config = Config {
            behavior: behavior.clone(),
            handle,
        };
        // SAFETY: made by this behavior, and alive.
        let shaped = during(checking, || unsafe { library::shaped(behavior, handle) });
        config.behavior = shaped.map_err(|message| {
            let path = String::new();
            vec![Problem { path, message }]
        })?;
        Ok(config)
    }

    /// A config that the behavior has accepted in another process. `behavior` has the
    /// columns that the config decides, if it does.
    pub fn described(behavior: &Arc<Behavior>) -> Config {
        Config {
            behavior: behavior.clone(),
            handle: std::ptr::null_mut(),
        }
    }

    /// The behavior that accepted it, with the columns and words that the config decides.
    pub fn behavior(&self) -> &Arc<Behavior> {
        &self.behavior
    }

    pub(super) fn handle(&self) -> *const c_void {
        self.handle
    }
}

impl Drop for Config {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        // SAFETY: made by this behavior, freed once; instances hold the config
        // and are gone before it.
        unsafe { (self.behavior.table().0.config_free)(self.handle) }
    }
}

/// Parses the text of one table with a plugin's parser. Returns the plugin's handle,
/// which is not null.
///
/// # Errors
///
/// Every mistake that the plugin finds.
///
/// # Safety
///
/// `config_new` is the function of a table that was checked.
#[allow(unsafe_code)]
pub(super) unsafe fn accepted(
    config_new: unsafe extern "C" fn(abi::Text, *const abi::ProblemSink) -> *mut c_void,
    toml: &str,
) -> Result<*mut c_void, Vec<Problem>> {
    let mut problems: Vec<Problem> = Vec::new();
    let sink = abi::ProblemSink {
        host: (&raw mut problems).cast(),
        report,
    };
    // SAFETY: the caller's promise; the text and the sink outlive the call.
    let handle = unsafe { config_new(abi::Text::lend(toml), &raw const sink) };
    if !handle.is_null() {
        return Ok(handle);
    }
    if problems.is_empty() {
        problems.push(Problem {
            path: String::new(),
            message: "the plugin refused the config without a reason".to_owned(),
        });
    }
    Err(problems)
}

#[allow(unsafe_code)]
unsafe extern "C" fn report(host: *mut c_void, path: abi::Text, message: abi::Text) {
    // SAFETY: `host` is the list that `new` lends for this call; the texts are
    // lent for it, too.
    let problems = unsafe { &mut *host.cast::<Vec<Problem>>() };
    problems.push(Problem {
        path: super::vtable::text(path).into_owned(),
        message: super::vtable::text(message).into_owned(),
    });
}
