#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/job.hpp"
#include "net/lifetime.hpp"
#include "net/passing.hpp"
#include "net/poll.hpp"
#include "net/socket.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/session.hpp"
#include "scaler/net/loop.hpp"
#include "scaler/net/timer.hpp"

namespace scaler::net {

// Why a connection is over.
struct End {
  enum class Kind : std::uint8_t {
    closed,   // the peer closed it, or we did as asked
    broken,   // the network failed it
    offence,  // the peer broke the protocol or a limit: worth a log line
  };
  Kind kind = Kind::closed;
  std::string why;
};

// Whoever holds connections; `id` is what was given to the constructor. Called from the loop only,
// never from inside a member of Connection that the owner calls. Each call may destroy the
// connection.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // The first bytes of a connection without a session (at most 64, growing from call to call): the
  // session that understands them, or null for "not enough yet".
  virtual Result<std::unique_ptr<Session>> on_first_bytes(PeerId id, ByteView bytes) = 0;
  virtual void on_event(PeerId id, SessionEvent event) = 0;
  // The session has room: at the start of every flush and again when it runs empty. Send here what
  // was held back. Must not destroy the connection.
  virtual void on_room(PeerId /*id*/) {}
  // The last call. The owner destroys the connection here.
  virtual void on_end(PeerId id, const End& end) = 0;
};

struct Traffic {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

// One connected stream socket and the session that speaks on it. Reads within a budget per turn, so
// that no peer starves another; writes once at the turn's end, then whenever the kernel has room.
class Connection {
 public:
  // Without a session it reads and asks the owner (on_first_bytes). `traffic` outlives it.
  Connection(Loop& loop, Descriptor socket, PeerId id, ConnectionOwner& owner, Traffic& traffic,
             std::unique_ptr<Session> session);
  ~Connection();  // closes normally; nothing is called

  void start(std::unique_ptr<Session> session);  // speak first instead of waiting for first bytes
  bool has_session() const { return session_ != nullptr; }
  bool heard_something() const { return head_size_ > 0; }

  void send(Bytes payload);            // only with a session; ignored while ending
  void send(Bytes begin, Bytes rest);  // one message
  // The descriptor of the file goes beside the payload, which tells of it.
  void send_with_file(Bytes payload, Bytes file);
  // From now on descriptors that the peer passes are kept for take_descriptor(). Those that get
  // lost end the connection.
  void receive_descriptors();
  Descriptor take_descriptor(std::uint64_t file_number);
  bool lost_descriptors() const { return passing_ && passing_->lost(); }
  bool is_own_local_peer() const { return net::is_own_local_peer(socket_.get()); }
  void flush_later() { flush_job_.schedule(); }
  bool flush_now();  // true: the kernel has everything. Not from inside a call to the owner
  std::size_t queued_bytes() const { return session_ ? session_->queued_bytes() : 0; }
  bool open() const { return phase_ == Phase::open; }
  bool writable() const { return phase_ == Phase::open || phase_ == Phase::draining; }

  // For peers that write small pieces with Nagle's algorithm on, as the peer's WebSocket does:
  // their second piece waits until the first is acknowledged, which the kernel does after 40 ms.
  void acknowledge_at_once() { acknowledges_at_once_ = true; }

  // Reading pauses while at least one reason holds.
  enum class Pause : std::uint8_t { owner = 1, automatic = 2 };
  void pause_reading(Pause reason);
  void resume_reading(Pause reason);

  // Delivers nothing more, writes what is queued (bound that with a timer), ends the stream, gives
  // the peer a moment to end its side: then on_end.
  void close_gently();
  // on_end follows in the next turn.
  void end_soon(End end);

  std::string peer_name() const { return describe_peer(socket_.get()); }

 private:
  enum class Phase : std::uint8_t { open, draining, shut, ended };

  void on_poll(int status, int events);
  bool may_read_now();
  bool read();  // false: destroyed, or ended
  bool read_once(std::size_t& budget);
  bool take_bytes(std::size_t count);
  bool pick_session();
  bool feed_head();
  bool deliver();  // hands out events; false: destroyed, or ended
  void pump();
  void flush();
  bool write_once(std::size_t& budget);
  bool has_last_words();
  void say_last_words();
  void after_flush();
  void finish(End end);  // on_end: nothing may be touched after it
  void watch();
  bool reading_wanted() const;
  std::span<std::byte> read_target();
  void renew_budget();

  Loop& loop_;
  Descriptor socket_;
  PeerId id_;
  ConnectionOwner& owner_;
  Traffic& traffic_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<DescriptorPassing> passing_;
  bool receives_descriptors_ = false;
  std::uint64_t written_ = 0;       // bytes so far
  std::array<std::byte, 64> head_;  // what came before there was a session
  std::uint8_t head_size_ = 0;
  std::uint8_t paused_ = 0;  // of Pause
  Phase phase_ = Phase::open;
  bool blocked_ = false;  // the kernel's buffer is full: wait until writable
  bool flushing_ = false;
  bool backlog_ = false;  // the session may hold events that were not taken yet
  bool has_ended_stream_ = false;
  bool acknowledges_at_once_ = false;
  std::uint64_t budget_turn_ = 0;
  std::size_t read_budget_ = 0;
  std::size_t event_budget_ = 0;
  std::optional<End> pending_end_;
  Lifetime lifetime_;
  Job flush_job_;
  Job pump_job_;
  Job end_job_;
  std::optional<Timer> linger_;  // between our last word and the close
  std::optional<Poll> poll_;
};

}  // namespace scaler::net
