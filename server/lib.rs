#![doc = include_str!("README.md")]

pub mod config;
pub mod http;
pub mod limits;
pub mod policy;
pub mod protocol;
pub mod runner;
pub mod sandbox;
pub mod session;
