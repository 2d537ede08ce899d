// The least that an object storage server can cost: the system calls that serve one request, and a
// map of bytes. It checks nothing and forgets nobody; only test/bench/race.py starts it, to show
// what part of the storage's CPU is the machine's price for a request, whoever serves it.
//   request_floor PORT
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/wire/store_protocol.hpp"

namespace {

using namespace scaler;

struct Peer {
  int socket = -1;
  std::string unread;
  bool greeted = false;
  std::optional<wire::StoreRequestHeader> awaits_payload;
};

struct Waiting {
  Peer* peer;
  wire::StoreRequestHeader request;
};

std::unordered_map<ObjectId, std::string> objects;
std::unordered_map<ObjectId, std::vector<Waiting>> waiting;

void put(std::string& out, std::string_view frame) {
  std::array<std::byte, 8> length;
  store_le64(length.data(), frame.size());
  out.append(as_text(length)).append(frame);
}

void answer(std::string& out, const wire::StoreRequestHeader& request, wire::StoreResponseType type,
            std::string_view payload) {
  put(out, wire::encode_store_response({request.object, payload.size(), request.request_id, type})
               .text());
  if (!payload.empty()) put(out, payload);
}

void say(int socket, const std::string& text) {
  if (!text.empty() && send(socket, text.data(), text.size(), MSG_NOSIGNAL) < 0)
    std::perror("send");
}

void store(Peer& peer, std::string& out, const wire::StoreRequestHeader& request,
           std::string_view payload) {
  objects[request.object] = payload;
  answer(out, request, wire::StoreResponseType::set_ok, {});
  const auto found = waiting.find(request.object);
  if (found == waiting.end()) return;
  for (const Waiting& wait : found->second) {
    std::string late;
    answer(wait.peer == &peer ? out : late, wait.request, wire::StoreResponseType::get_ok, payload);
    say(wait.peer->socket, late);
  }
  waiting.erase(found);
}

void serve(Peer& peer, std::string& out, std::string_view frame) {
  if (peer.awaits_payload) {
    if (peer.awaits_payload->type == wire::StoreRequestType::set)
      store(peer, out, *peer.awaits_payload, frame);
    peer.awaits_payload.reset();
    return;
  }
  const auto request = wire::decode_store_request(as_bytes(frame));
  if (!request) return;
  using enum wire::StoreRequestType;
  if (request->type == set || request->type == duplicate) {
    peer.awaits_payload = *request;
  } else if (request->type == remove) {
    objects.erase(request->object);
    answer(out, *request, wire::StoreResponseType::remove_ok, {});
  } else if (const auto found = objects.find(request->object); found != objects.end()) {
    answer(out, *request, wire::StoreResponseType::get_ok, found->second);
  } else {
    waiting[request->object].push_back({&peer, *request});
  }
}

void take_frames(Peer& peer, std::string& out) {
  constexpr std::size_t magic_bytes = 4;
  std::string_view rest = peer.unread;
  for (;;) {
    const std::size_t skip = peer.greeted ? 0 : magic_bytes;
    if (rest.size() < skip + 8) break;
    const std::uint64_t length = load_le64(as_bytes(rest).data() + skip);
    if (rest.size() - skip - 8 < length) break;
    const std::string_view frame = rest.substr(skip + 8, length);
    rest.remove_prefix(skip + 8 + length);
    if (peer.greeted) {
      serve(peer, out, frame);
    } else {
      peer.greeted = true;
      out.append("YMQ\x01");
      put(out, "floor");
    }
  }
  peer.unread.erase(0, peer.unread.size() - rest.size());
}

int listen_on(std::uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 128) != 0) {
    std::perror("request_floor");
    std::exit(1);
  }
  return listener;
}

void watch(int poll, int socket, Peer* peer) {
  epoll_event event{EPOLLIN, {}};
  event.data.ptr = peer;
  epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const int listener = listen_on(static_cast<std::uint16_t>(std::atoi(argv[1])));
  const int poll = epoll_create1(0);
  watch(poll, listener, nullptr);
  std::puts("started");
  std::fflush(stdout);
  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<char> buffer(std::size_t{1} << 20);
  std::array<epoll_event, 64> events;
  for (;;) {
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* peer = static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (peer == nullptr) {
        peers.push_back(std::make_unique<Peer>());
        peers.back()->socket = accept(listener, nullptr, nullptr);
        const int on = 1;
        setsockopt(peers.back()->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(poll, peers.back()->socket, peers.back().get());
        continue;
      }
      const ssize_t got = recv(peer->socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got <= 0) {
        close(peer->socket);
        continue;
      }
      peer->unread.append(buffer.data(), static_cast<std::size_t>(got));
      std::string out;
      take_frames(*peer, out);
      say(peer->socket, out);
    }
  }
}
