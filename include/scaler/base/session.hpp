#pragma once

#include <optional>
#include <variant>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

namespace scaler {

// The pattern a connection takes part in. ZMTP says it in READY; YMQ does not say it.
enum class SocketType : std::uint8_t { router, dealer, pub, sub };

// What a session tells its owner, in the order it happened on the wire.
struct PeerReady {  // the handshake is done; said once, before anything else
  Bytes identity;   // may be empty, any bytes, at most limits.identity_bytes_max
  std::optional<SocketType> socket_type;  // ZMTP only
  bool speaks_scaler = false;  // sent our X-Scaler property: may be offered the dense dialect
};
struct MessageReceived {
  Bytes payload;  // its block is 16-byte aligned and holds nothing else
};
struct MessageIgnored {  // well-formed for the transport, of no use to us (a multipart message,
                         // say)
  const char* why;
};
struct TopicSubscribed {  // only a pub session says it
  Bytes topic;
};
struct TopicUnsubscribed {
  Bytes topic;
};
using SessionEvent =
    std::variant<PeerReady, MessageReceived, MessageIgnored, TopicSubscribed, TopicUnsubscribed>;

struct SessionLimits {
  std::uint64_t frame_bytes_max = std::uint64_t{1} << 30;
  std::size_t identity_bytes_max = 255;
};

// One connection as a machine: bytes in, events out; messages in, bytes out. It holds no descriptor
// and no clock. It never allocates much more than has arrived, whatever length the peer announces.
// After an error it is finished: destroy it.
class Session {
 public:
  virtual ~Session() = default;

  // Reading: let the kernel write into receive_buffer() (never empty), say how much came, then call
  // next() until it has no event. A large frame is received in place, so its payload is never
  // copied.
  virtual std::span<std::byte> receive_buffer() = 0;
  virtual void received(std::size_t bytes) = 0;
  virtual Result<std::optional<SessionEvent>> next() = 0;

  // Writing: send() queues one message; it may be called before the peer is ready. to_send() gives
  // views for one writev, at most 64 of them, which stay valid, with their addresses, until sent();
  // sent() then consumes that many bytes.
  virtual void send(Bytes payload) = 0;
  virtual void send_joined(Bytes begin, Bytes rest);  // one message; joined by copying, unless a
                                                      // session can do better
  virtual std::span<const ByteView> to_send() = 0;
  virtual void sent(std::size_t bytes) = 0;
  virtual std::size_t queued_bytes()
      const = 0;  // handed to send() and not yet consumed by sent(), framing included

  // What next() does with the bytes to come takes milliseconds, as a handshake with signatures
  // does: let few such sessions read in one turn.
  virtual bool is_costly() const { return false; }
  // Nothing is sent any more. True: to_send() gives the last words of the protocol, and only them.
  virtual bool end_stream() { return false; }
};

}  // namespace scaler
