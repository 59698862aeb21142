//! A new migration is a change of the program: cargo does not see what the macro reads.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
