#pragma once

#include <string>
#include <variant>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/wire/messages.hpp"

namespace scaler::scheduler {

// What the scheduler wants done, in order. The role encodes and performs it at the end of the turn.
struct Send {
  PeerId to;
  wire::Message message;
};
struct Forward {  // a received frame, unchanged
  PeerId to;
  Bytes frame;
};
struct Publish {  // only produced while somebody listens (Scheduler::set_monitored)
  wire::Message message;
};
struct DeleteObjects {  // after the workers were told; no answer is waited for
  std::vector<ObjectId> ids;
};
struct DuplicateObject {  // `copy` gets the content of `source`
  ObjectId source;
  ObjectId copy;
};
struct Drop {  // end the connection, after what was sent to it
  PeerId peer;
  std::string why;
};
struct ShutDown {};  // an unprotected scheduler was asked to end, by a client

using Effect = std::variant<Send, Forward, Publish, DeleteObjects, DuplicateObject, Drop, ShutDown>;
using Outbox = std::vector<Effect>;  // reused from turn to turn

}  // namespace scaler::scheduler
