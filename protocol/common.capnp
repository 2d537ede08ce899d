@0xafe32f5923dc4aa7;
# What several topics speak of.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("scaler::wire::protocol");

struct Resource {
  cpu @0 :UInt16;  # tenths of a percent of one core
  rss @1 :UInt64;  # bytes
}

struct TaskCapability {
  name @0 :Text;
  value @1 :Int64;  # -1: present, no quantity
}

struct ObjectStorageAddress {
  host @0 :Text;
  port @1 :UInt16;
  scheme @2 :Text;  # since 2.2, whose peers fail on an empty one
}

struct ProcessorStatus {
  pid @0 :UInt32;
  initialized @1 :Bool;
  hasTask @2 :Bool;
  suspended @3 :Bool;
  resource @4 :Resource;
}
