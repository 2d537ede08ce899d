#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "scaler/store/object_store.hpp"

namespace scaler::store {

// 'A' stands for the id of 32 times that letter.
inline ObjectId id_of(char letter) {
  ObjectId id;
  id.bytes.fill(static_cast<std::byte>(letter));
  return id;
}

// A store with its outbox. Requests are one line each, answers read as text; after each request the
// whole store is checked, and whoever does not look at an answer fails at the end.
class StoreEnv {
 public:
  explicit StoreEnv(Options options = {}) : store(options) {}
  ~StoreEnv() { CHECK(take() == Lines{}); }
  StoreEnv(const StoreEnv&) = delete;
  StoreEnv& operator=(const StoreEnv&) = delete;

  using Lines = std::vector<std::string>;

  // A peer is a small number; request ids count up over all peers, so that each is unique.
  static PeerId peer(std::uint32_t number) { return {number, 1}; }

  Outcome set(std::uint32_t from, char id, std::string_view content) {
    return request(from, wire::StoreRequestType::set, id, content.size(), Bytes::copy_of(content));
  }
  Outcome get(std::uint32_t from, char id, std::uint64_t bytes_wanted = wire::everything) {
    return request(from, wire::StoreRequestType::get, id, bytes_wanted, {});
  }
  Outcome remove(std::uint32_t from, char id) {
    return request(from, wire::StoreRequestType::remove, id, 0, {});
  }
  Outcome duplicate(std::uint32_t from, char source, char copy) {
    return request(from, wire::StoreRequestType::duplicate, copy, 48,
                   wire::encode_duplicate_source(id_of(source)));
  }
  Outcome info(std::uint32_t from) {
    return request(from, wire::StoreRequestType::info_total, '0', 0, {});
  }
  Outcome request(std::uint32_t from, wire::StoreRequestType type, char id,
                  std::uint64_t payload_bytes, Bytes payload) {
    const Outcome outcome = store.on_request(
        peer(from), {id_of(id), payload_bytes, next_request++, type}, std::move(payload), out);
    store.check_invariants();
    return outcome;
  }
  void lose(std::uint32_t number) {
    store.on_peer_lost(peer(number));
    store.check_invariants();
  }

  using Totals = std::array<std::uint64_t, 3>;  // ids, contents, bytes
  static Totals plain(const wire::StoreTotals& totals) {
    return {totals.ids, totals.contents, totals.bytes};
  }
  Totals totals() const { return plain(store.totals()); }

  // "1 get_ok A hello": to whom, what, which id, the payload. Empties the outbox.
  Lines take() {
    Lines lines;
    for (const Reply& reply : out) lines.push_back(line_of(reply));
    out.clear();
    return lines;
  }

  static std::string line_of(const Reply& reply) {
    static const char* const names[] = {
        "set_ok", "get_ok", "remove_ok", "remove_not_exists", "duplicate_ok", "info_total_ok"};
    REQUIRE(reply.header.payload_bytes == reply.payload.size());
    std::string line = std::to_string(reply.to.index) + " " +
                       names[static_cast<std::size_t>(reply.header.type)] + " " +
                       static_cast<char>(reply.header.object.bytes[0]);
    if (!reply.payload.empty()) line.append(" ").append(reply.payload.text());
    return line;
  }

  ObjectStore store;
  Outbox out;
  std::uint64_t next_request = 0;
};

}  // namespace scaler::store
