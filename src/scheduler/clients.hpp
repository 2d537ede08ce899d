#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "scaler/base/ids.hpp"
#include "scaler/base/time.hpp"
#include "scaler/scheduler/outbox.hpp"
#include "scheduler/intrusive.hpp"
#include "scheduler/tasks.hpp"

namespace scaler::scheduler {

// One object known to one client: a member of two lists, of the client's objects and the object's
// users.
struct Usage {
  Index object = none;
  Index client = none;
  Link of_client;
  Link of_object;
};
using ClientUsages = List<Usage, &Usage::of_client>;

enum class ClientStanding : std::uint8_t {
  unregistered,  // sent a task without a heartbeat: it gets its answers, and owns their results
  registered,
  gone  // left or timed out; the record stays until its last task has ended
};

// A reply: a received frame, or a message of our making.
using Reply = std::variant<Bytes, wire::Message>;

struct Client {
  Bytes identity;
  Index serial = 0;
  ClientStanding standing = ClientStanding::unregistered;
  std::optional<PeerId> peer;
  TimePoint last_seen{};
  ClientTasks tasks;
  std::set<Index> graphs;  // live umbrellas
  ClientUsages objects;
  Bytes pattern;  // a task's frame; others of its tasks are packed by it. Never changes
  std::uint32_t to_cancel = 0;  // gone: tasks from the head of the list, still to be cancelled
  bool in_work = false;         // gone: the desk has it in its queue
  std::deque<Reply> kept;       // while it has no connection
  std::size_t kept_bytes = 0;
  std::uint64_t kept_lost = 0;  // did not fit
};

// All clients. A client that left and comes again with the same identity is a new one.
class ClientTable {
 public:
  // What a client that is away may pile up.
  static constexpr std::size_t kept_bytes_max = std::size_t{64} << 20;

  Index find(const Bytes& identity) const;  // never one that is gone
  Index insert(const Bytes& identity, TimePoint now);
  void set_gone(Index index);
  void erase(Index index);

  // A reply for its connection, or kept until it has one again. One without registration is not
  // waited for.
  void reply(Index index, Reply reply, Outbox& out);
  void deliver_kept(Index index, Outbox& out);

  // Clients that are not registered (any more) and have no task or graph left since the last call.
  void note_if_idle(Index index);
  std::vector<Index> take_idle() { return std::exchange(idle_, {}); }
  bool is_idle(Index index) const;

  Client& operator[](Index index) { return pool_[index]; }
  const Client& operator[](Index index) const { return pool_[index]; }
  const std::map<std::string, Index, std::less<>>& by_identity() const { return by_identity_; }
  const std::vector<Index>& gone() const { return gone_; }
  std::size_t size() const { return pool_.size(); }

 private:
  Pool<Client> pool_;
  std::map<std::string, Index, std::less<>> by_identity_;
  std::vector<Index> gone_;
  std::vector<Index> idle_;
  Index next_serial_ = 1;
};

}  // namespace scaler::scheduler
