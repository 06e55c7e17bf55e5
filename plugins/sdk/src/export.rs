//! The export of a plugin: the [`plugin!`](crate::plugin) macro, the tables that it
//! fills, and the functions that the host calls. All unsafe code of the SDK is in
//! this module, except for the test kit's host.
//!
//! Public for the macro only; not part of the SDK's stable interface.

mod funnel;
mod judge;
mod panic;
mod raw;
mod shape;
mod table;

pub use judge::{RawRecord, extension};
pub use raw::Raw;
pub(crate) use raw::{Started, lent};
pub use runner_abi as abi;
pub use shape::ShapeTable;
pub use table::{
    behavior, behavior_files, behavior_shape, check, checks, destructor, destructors, files,
    plugin, shapes,
};

/// Exports behaviors from a library of crate type `cdylib`: defines the entry
/// symbol that the runner looks for. Once per library.
///
/// ```text
/// runner_sdk::plugin! {
///     name: "clock",
///     docs: "Scale-model machines with Lamport clocks.",
///     behaviors: [Machine],
///     checks: [Lamport],
/// }
/// ```
///
/// `checks` may be left out.
/// `name` is the part before the dot in a scenario's `behavior`, and the
/// library is looked for as `libNAME.so`: give the package the same name. The
/// plugin's version is the package's.
#[macro_export]
macro_rules! plugin {
    (
        name: $name:literal, docs: $docs:expr, behaviors: [$($behavior:ty),+ $(,)?]
        $(, checks: [$($check:ty),+ $(,)?])? $(,)?
    ) => {
        /// The entry of this plugin.
        // SAFETY: the name is the one that hosts look for, with this very type;
        // a second definition in one library does not link.
        #[allow(unsafe_code, non_upper_case_globals)]
        #[unsafe(no_mangle)]
        pub static runner_plugin: $crate::export::abi::Plugin = {
            const BEHAVIORS: &[$crate::export::abi::Behavior] =
                &[$($crate::export::behavior::<$behavior>()),+];
            const CHECKS: &[$crate::export::abi::Check] =
                &[$($($crate::export::check::<$check>()),+)?];
            const FILES: &[$crate::export::abi::BehaviorFiles] =
                &[$($crate::export::behavior_files::<$behavior>()),+];
            const DESTRUCTORS: &[$crate::export::abi::Destructor] =
                &[$($crate::export::destructor::<$behavior>()),+];
            const SHAPES: &[$crate::export::abi::BehaviorShape] =
                &[$($crate::export::behavior_shape::<$behavior>()),+];
            static CHECK_TABLE: $crate::export::abi::Checks = $crate::export::checks(CHECKS);
            static FILE_TABLE: $crate::export::abi::Files = $crate::export::files(FILES);
            static DESTRUCTOR_TABLE: $crate::export::abi::Destructors =
                $crate::export::destructors(DESTRUCTORS);
            static SHAPE_TABLE: $crate::export::abi::Shapes = $crate::export::shapes(SHAPES);
            unsafe extern "C" fn extension(
                id: $crate::export::abi::Text,
            ) -> *const ::core::ffi::c_void {
                // SAFETY: the host lends the id for this call.
                unsafe {
                    $crate::export::extension(
                        id,
                        &CHECK_TABLE,
                        &FILE_TABLE,
                        &DESTRUCTOR_TABLE,
                        &SHAPE_TABLE,
                    )
                }
            }
            $crate::export::plugin(
                $name,
                env!("CARGO_PKG_VERSION"),
                $docs,
                BEHAVIORS,
                Some(extension),
            )
        };
    };
}
