#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "scaler/base/memory_file.hpp"
#include "scaler/clientio/store_connection.hpp"
#include "store/service_env.hpp"

namespace scaler::roles {
namespace {

using clientio::BorrowedFile;

constexpr std::size_t mib = std::size_t{1} << 20;

// A client or a worker, as far as its store is concerned.
class FilePeer final : private clientio::StoreEvents {
 public:
  explicit FilePeer(ServiceEnv& env, std::string identity = "peer") : env_(env) {
    clientio::StoreConnection::Options options;
    options.address = env.address;
    options.identity = std::move(identity);
    options.wake = [&env] { env.loop.wake(); };
    clientio::StoreEvents& events = *this;
    connection = std::make_unique<clientio::StoreConnection>(env.loop, options, events);
    env.run_until([this] { return connected; });
  }

  Bytes borrow(std::uint64_t bytes) {
    bool answered = false;
    Bytes lent;
    connection->borrow(bytes, [&](Bytes file) {
      answered = true;
      lent = std::move(file);
    });
    env_.run_until([&] { return answered; });
    return lent;
  }
  // Into a file, which has to be had.
  Bytes written(const Bytes& content) {
    const Bytes file = borrow(content.size());
    REQUIRE(!file.empty());
    const ByteView parts[] = {content};
    REQUIRE(write_file(file.backing()->descriptor(), parts));
    return file.slice(0, content.size());
  }
  void put(const ObjectId& id, const Bytes& content) {
    stored.reset();
    connection->put(id, content);
    env_.run_until([&] { return stored == id; });
  }
  Bytes get(const ObjectId& id, std::uint64_t bytes_max = wire::everything) {
    got.reset();
    connection->get(id, bytes_max);
    env_.run_until([&] { return got.has_value(); });
    return *std::exchange(got, std::nullopt);
  }
  // What was let go of is back at the store.
  void settle() { borrow(0); }

  std::unique_ptr<clientio::StoreConnection> connection;
  bool connected = false;
  std::optional<Bytes> got;
  std::optional<ObjectId> stored;

 private:
  void on_store_connected() override { connected = true; }
  void on_store_lost(std::string_view) override { connected = false; }
  void on_object(const ObjectId&, Bytes payload) override { got = std::move(payload); }
  void on_stored(const ObjectId& id) override { stored = id; }

  ServiceEnv& env_;
};

bool is_file(const Bytes& bytes) { return BorrowedFile::of(bytes) != nullptr; }
std::uint64_t number_of(const Bytes& bytes) { return BorrowedFile::of(bytes)->number(); }

}  // namespace

TEST_CASE("an object written into a lent file is read from it by peers of the host", "[roles]") {
  ServiceEnv env;
  FilePeer writer(env, "writer");
  FilePeer reader(env, "reader");
  const Bytes content = patterned(3 * mib + 5, 1);
  writer.put(id_of('A'), writer.written(content));
  const Bytes read = reader.get(id_of('A'));
  CHECK(is_file(read));
  CHECK(read == content);
  CHECK(env.service.totals().bytes == content.size());
  CHECK(env.service.traffic().bytes_out < mib);
}

TEST_CASE("an object in a file and one of the heap are the same to peers that came by TCP",
          "[roles]") {
  ServiceEnv env;
  FilePeer near(env, "near");
  TestClient far(env, "far");
  const Bytes content = patterned(2 * mib, 1);
  near.put(id_of('A'), near.written(content));
  CHECK(far.wait_for(far.get(id_of('A'))).payload == content);
  far.wait_for(far.duplicate(id_of('A'), id_of('B')));
  near.connection->remove(id_of('A'));
  const Bytes copy = near.get(id_of('B'));
  CHECK(is_file(copy));
  CHECK(copy == content);
  far.wait_for(far.set(id_of('C'), content));
  const Bytes sent = near.get(id_of('C'));
  CHECK_FALSE(is_file(sent));
  CHECK(sent == content);
}

TEST_CASE("a part of an object in a file is that part", "[roles]") {
  ServiceEnv env;
  FilePeer peer(env);
  const Bytes content = patterned(4 * mib, 1);
  peer.put(id_of('A'), peer.written(content));
  const Bytes small = peer.get(id_of('A'), 1000);
  CHECK_FALSE(is_file(small));
  CHECK(small == content.slice(0, 1000));
  const Bytes large = peer.get(id_of('A'), 2 * mib);
  CHECK(is_file(large));
  CHECK(large == content.slice(0, 2 * mib));
}

TEST_CASE("who waits for an object gets the file that it comes in", "[roles]") {
  ServiceEnv env;
  FilePeer writer(env, "writer");
  FilePeer reader(env, "reader");
  reader.connection->get(id_of('A'));
  env.run_until([&] { return env.service.statistics().waiting == 1; });
  const Bytes content = patterned(2 * mib, 1);
  writer.put(id_of('A'), writer.written(content));
  env.run_until([&] { return reader.got.has_value(); });
  CHECK(is_file(*reader.got));
  CHECK(*reader.got == content);
}

TEST_CASE("what is small is not lent a file, and an empty wish neither", "[roles]") {
  ServiceEnv env;
  FilePeer peer(env);
  CHECK(peer.borrow(mib - 1).empty());
  CHECK(peer.borrow(0).empty());
  CHECK(peer.borrow(wire::everything).empty());
  CHECK_FALSE(peer.borrow(mib).empty());
}

TEST_CASE("a file serves the next object when nobody has it any more, and not before", "[roles]") {
  ServiceEnv env;
  FilePeer writer(env, "writer");
  FilePeer reader(env, "reader");
  Bytes file = writer.written(patterned(2 * mib, 1));
  const std::uint64_t first = number_of(file);
  writer.put(id_of('A'), file);
  Bytes read = reader.get(id_of('A'));
  const auto is_lent_again = [&] {
    reader.settle();
    writer.settle();
    const std::size_t all = env.service.files();
    std::vector<Bytes> lent;
    while (lent.size() < all) lent.push_back(writer.borrow(2 * mib));
    return std::ranges::any_of(lent, [&](const Bytes& next) { return number_of(next) == first; });
  };
  CHECK_FALSE(is_lent_again());
  writer.connection->remove(id_of('A'));
  CHECK_FALSE(is_lent_again());
  CHECK(read == patterned(2 * mib, 1));
  SECTION("the reader is last") {
    file = Bytes();
    CHECK_FALSE(is_lent_again());
    read = Bytes();
    CHECK(is_lent_again());
  }
  SECTION("the writer is last") {
    read = Bytes();
    CHECK_FALSE(is_lent_again());
    file = Bytes();
    CHECK(is_lent_again());
  }
}

TEST_CASE("a file of a lost connection is never used again, for its peer may live", "[roles]") {
  ServiceEnv env;
  FilePeer reader(env, "reader");
  auto writer = std::make_unique<FilePeer>(env, "writer");
  const Bytes content = patterned(2 * mib, 1);
  const Bytes file = writer->written(content);
  const std::uint64_t number = number_of(file);
  writer->put(id_of('A'), file);
  const Bytes lent = writer->borrow(2 * mib);
  writer.reset();
  env.run_until([&] { return env.service.peers() == 1; });
  CHECK(reader.get(id_of('A')) == content);
  reader.connection->remove(id_of('A'));
  reader.settle();
  CHECK(env.service.files() == 0);
  const Bytes next = reader.borrow(2 * mib);
  CHECK(number_of(next) != number);
  CHECK(file == content);
}

TEST_CASE("a process that has forked returns a file for good", "[roles]") {
  ServiceEnv env;
  FilePeer peer(env);
  Bytes file = peer.borrow(2 * mib);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  file = Bytes();
  peer.settle();
  CHECK(env.service.files() == 0);
}

TEST_CASE("files that nobody asks for are not kept for long, and not without bound", "[roles]") {
  StoreServiceLimits limits;
  limits.kept_file_bytes_max = 5 * mib;
  limits.kept_files_patience = 20ms;
  ServiceEnv env(limits);
  FilePeer peer(env);
  std::vector<Bytes> lent;
  for (int i = 0; i < 4; ++i) lent.push_back(peer.borrow(2 * mib));
  CHECK(env.service.files() == 4);
  lent.clear();
  peer.settle();
  CHECK(env.service.files() == 2);
  env.run_until([&] { return env.service.files() == 0; });
}

TEST_CASE("nor is the file of an object that somebody else deletes", "[roles]") {
  StoreServiceLimits limits;
  limits.kept_files_patience = 20ms;
  ServiceEnv env(limits);
  FilePeer peer(env);
  peer.put(id_of('A'), peer.written(patterned(2 * mib, 1)));
  peer.settle();
  peer.connection.reset();
  CHECK(env.service.files() == 1);
  env.service.remove(std::vector{id_of('A')});
  env.run_until([&] { return env.service.files() == 0; });
}

TEST_CASE("a peer is lent only so many files at once", "[roles]") {
  ServiceEnv env;
  FilePeer peer(env);
  std::vector<Bytes> lent;
  for (int i = 0; i < 64; ++i) lent.push_back(peer.borrow(mib));
  CHECK(!lent.back().empty());
  CHECK(peer.borrow(mib).empty());
  FilePeer other(env, "other");
  CHECK(!other.borrow(mib).empty());
  lent.pop_back();
  peer.settle();
  CHECK(!peer.borrow(mib).empty());
}

TEST_CASE("files count for the memory limit, also while they are written", "[roles]") {
  StoreServiceLimits limits;
  limits.store.memory_bytes_max = 8 * mib;
  ServiceEnv env(limits);
  FilePeer peer(env);
  CHECK(peer.borrow(5 * mib).empty());
  const Bytes first = peer.borrow(3 * mib);
  CHECK(!first.empty());
  CHECK(peer.borrow(3 * mib).empty());
  peer.put(id_of('A'), first);
  const Bytes second = peer.borrow(3 * mib);
  CHECK(!second.empty());
  peer.put(id_of('B'), second);
  CHECK(env.service.totals().bytes == 6 * mib);
  CHECK(peer.borrow(3 * mib).empty());
  peer.connection->remove(id_of('A'));
  CHECK(!peer.borrow(3 * mib).empty());
}

TEST_CASE("with a memory limit readers have files of at most half of it", "[roles]") {
  StoreServiceLimits limits;
  limits.store.memory_bytes_max = 8 * mib;
  ServiceEnv env(limits);
  FilePeer writer(env, "writer");
  FilePeer reader(env, "reader");
  const Bytes content = patterned(3 * mib, 1);
  writer.put(id_of('A'), writer.written(content));
  writer.put(id_of('B'), writer.written(content));
  Bytes one = reader.get(id_of('A'));
  const Bytes other = reader.get(id_of('B'));
  CHECK(is_file(one));
  CHECK_FALSE(is_file(other));
  CHECK(other == content);
  one = Bytes();
  reader.settle();
  CHECK(is_file(reader.get(id_of('B'))));
}

TEST_CASE("a file that is set is an object like any other: replaced, removed, sent again",
          "[roles]") {
  ServiceEnv env;
  FilePeer peer(env);
  const Bytes first = patterned(2 * mib, 1), second = patterned(2 * mib, 2);
  const Bytes file = peer.written(first);
  peer.put(id_of('A'), file);
  peer.put(id_of('A'), peer.written(second));
  CHECK(peer.get(id_of('A')) == second);
  peer.put(id_of('A'), patterned(100, 3));
  CHECK(peer.get(id_of('A')) == patterned(100, 3));
  FilePeer other(env, "other");  // to which the file is bytes
  other.put(id_of('B'), file);
  CHECK(other.get(id_of('B')) == first);
}

TEST_CASE("a file that was set or read is bytes when it is set once more", "[roles]") {
  ServiceEnv env;
  FilePeer peer(env);
  const Bytes content = patterned(2 * mib, 1);
  const Bytes file = peer.written(content);
  peer.put(id_of('A'), file);
  peer.put(id_of('B'), file);
  const Bytes read = peer.get(id_of('A'));
  peer.put(id_of('C'), read);
  CHECK(peer.get(id_of('B')) == content);
  CHECK(peer.get(id_of('C')) == content);
  CHECK(env.service.totals().contents == 3);
}

TEST_CASE("who speaks of a file that it was not lent loses its connection", "[roles]") {
  ServiceEnv env;
  TestClient stranger(env, "stranger", net::Protocol::ymq, TestClient::Way::same_host);
  stranger.wait_for(stranger.get(id_of('E')) == 0 ? stranger.set(id_of('E'), Bytes()) : 0);
  store::StoreClient words;
  std::vector<Bytes> frames;
  SECTION("by setting it") { words.set_file(id_of('A'), 1, 2 * mib, frames); }
  SECTION("by returning it") { words.return_file(1, store::StoreClient::Returned::clean, frames); }
  for (Bytes& frame : frames) stranger.send_raw(std::move(frame));
  env.run_until([&] { return stranger.disconnections == 1; });
  CHECK(env.log.count("file") == 1);
}

TEST_CASE("a peer that came by TCP is not understood when it asks for files", "[roles]") {
  ServiceEnv env;
  TestClient far(env, "far");
  store::StoreClient words;
  std::vector<Bytes> frames;
  words.take_files(frames);
  for (Bytes& frame : frames) far.send_raw(std::move(frame));
  env.run_until([&] { return env.service.statistics().ignored == 1; });
  CHECK(far.disconnections == 0);
}

TEST_CASE("a connection that ends answers who waits for a file, and what it lent stays readable",
          "[roles]") {
  ServiceEnv env;
  FilePeer peer(env);
  const Bytes content = patterned(2 * mib, 1);
  const Bytes file = peer.written(content);
  int answers = 0;
  peer.connection->borrow(2 * mib, [&](const Bytes& lent) { answers += lent.empty() ? 1 : 100; });
  peer.connection.reset();
  CHECK(answers == 1);
  CHECK(file == content);
}

}  // namespace scaler::roles
