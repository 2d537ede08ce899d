#include "scheduler/clients.hpp"

#include <algorithm>

#include "scheduler/say.hpp"

namespace scaler::scheduler {

namespace {

constexpr std::size_t kept_message_bytes = 256;  // an upper estimate for a message of our making

std::size_t cost_of(const Reply& reply) {
  const Bytes* frame = std::get_if<Bytes>(&reply);
  return sizeof(Reply) + (frame != nullptr ? frame->footprint_bytes() : kept_message_bytes);
}

void send(PeerId peer, Reply reply, Outbox& out) {
  if (auto* frame = std::get_if<Bytes>(&reply))
    out.push_back(Forward{peer, std::move(*frame)});
  else
    out.push_back(Send{peer, std::move(std::get<wire::Message>(reply))});
}

}  // namespace

Index ClientTable::find(const Bytes& identity) const {
  const auto found = by_identity_.find(identity.text());
  return found == by_identity_.end() ? none : found->second;
}

Index ClientTable::insert(const Bytes& identity, TimePoint now) {
  const Index index = pool_.insert({});
  Client& client = pool_[index];
  client.identity = Bytes::copy_of(identity.view());
  client.serial = next_serial_++;
  client.last_seen = now;
  by_identity_.emplace(identity.text(), index);
  return index;
}

void ClientTable::set_gone(Index index) {
  Client& client = pool_[index];
  by_identity_.erase(by_identity_.find(client.identity.text()));
  client.standing = ClientStanding::gone;
  client.peer.reset();
  client.kept.clear();
  client.kept_bytes = 0;
  client.to_cancel = client.tasks.size;
  gone_.push_back(index);
}

void ClientTable::erase(Index index) {
  const Client& client = pool_[index];
  SCALER_ASSERT(client.tasks.empty() && client.objects.empty() && client.graphs.empty(),
                "a client with property is forgotten");
  if (client.standing == ClientStanding::gone)
    std::erase(gone_, index);
  else
    by_identity_.erase(by_identity_.find(client.identity.text()));
  pool_.erase(index);
}

bool ClientTable::is_idle(Index index) const {
  const Client& client = pool_[index];
  const bool may_go = client.standing == ClientStanding::gone ||
                      (client.standing == ClientStanding::unregistered && client.objects.empty());
  return client.serial != 0 && may_go && client.tasks.empty() && client.graphs.empty();
}

void ClientTable::note_if_idle(Index index) {
  if (is_idle(index)) idle_.push_back(index);
}

void ClientTable::reply(Index index, Reply reply, Outbox& out) {
  Client& client = pool_[index];
  if (client.peer) return send(*client.peer, std::move(reply), out);
  if (client.standing != ClientStanding::registered) return;
  const std::size_t cost = cost_of(reply);
  if (client.kept_bytes + cost > kept_bytes_max) {
    if (client.kept_lost++ == 0)
      log::warning("{} is away and has too many answers waiting; more are lost",
                   client_name(client.identity));
    return;
  }
  client.kept_bytes += cost;
  client.kept.push_back(std::move(reply));
}

void ClientTable::deliver_kept(Index index, Outbox& out) {
  Client& client = pool_[index];
  for (Reply& reply : client.kept) send(*client.peer, std::move(reply), out);
  client.kept.clear();
  client.kept_bytes = 0;
}

}  // namespace scaler::scheduler
