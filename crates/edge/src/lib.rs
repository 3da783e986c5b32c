//! Serves Workers: replica, gateway, workerd supervision and secret delivery.

#![allow(dead_code, reason = "the parts are joined when the edge is composed")]

mod gateway;
