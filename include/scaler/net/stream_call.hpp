#pragma once

#include <functional>
#include <memory>

#include "scaler/base/address.hpp"
#include "scaler/base/result.hpp"
#include "scaler/base/session.hpp"
#include "scaler/net/loop.hpp"

namespace scaler::net {

// One question to one server and its answer, on a connection of their own: connects, sends, waits
// for one message, closes. `done` is called once, from the loop; destroying the call gives it up,
// also inside `done`.
class StreamCall {
 public:
  using Done = std::function<void(Result<Bytes> answer)>;
  StreamCall(Loop& loop, const Address& address, std::unique_ptr<Session> session, Bytes question,
             Duration patience, Done done);
  ~StreamCall();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::net
