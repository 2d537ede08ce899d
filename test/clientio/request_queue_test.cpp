#include "clientio/request_queue.hpp"

#include <catch2/catch.hpp>

namespace scaler::clientio {

namespace {

using Posted = RequestQueue::Posted;

client::Request fetch(client::Token token) { return client::FetchResult{{}, token}; }

client::Request submit_of(std::size_t tasks, std::string_view payload) {
  client::Submit request;
  for (std::size_t i = 0; i < tasks; ++i) {
    request.objects.push_back({{}, {}, Bytes::copy_of(payload)});
    request.tasks.emplace_back();
  }
  return request;
}

client::Token token_of(const std::optional<client::Request>& request) {
  return std::get<client::FetchResult>(*request).token;
}

}  // namespace

TEST_CASE("requests are taken in the order of their posting, whatever is posted between",
          "[clientio]") {
  RequestQueue queue;
  client::Token posted = 0, taken = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 7; ++i) queue.post(fetch(++posted));
    for (int i = 0; i < 5; ++i) REQUIRE(token_of(queue.take()) == ++taken);
  }
  while (auto request = queue.take()) REQUIRE(token_of(request) == ++taken);
  REQUIRE(taken == posted);
}

TEST_CASE("only the first post after the taker found nothing rings", "[clientio]") {
  RequestQueue queue;
  REQUIRE(queue.post(fetch(1)) == Posted::ring);
  REQUIRE(queue.post(fetch(2)) == Posted::quietly);
  REQUIRE(queue.take());
  REQUIRE(queue.take());
  REQUIRE(queue.post(fetch(3)) == Posted::quietly);  // the taker has not seen the end yet
  REQUIRE(queue.take());
  REQUIRE_FALSE(queue.take());
  REQUIRE(queue.post(fetch(4)) == Posted::ring);
}

TEST_CASE("a closed queue refuses requests, and leaves them and what it holds as they were",
          "[clientio]") {
  RequestQueue queue;
  queue.post(fetch(1));
  queue.close();
  client::Request late = submit_of(1, "payload");
  REQUIRE(queue.post(std::move(late)) == Posted::closed);
  REQUIRE(std::get<client::Submit>(late).tasks.size() == 1);
  REQUIRE(token_of(queue.take()) == 1);
  REQUIRE_FALSE(queue.take());
}

TEST_CASE("bytes and pieces count from the post until they are taken", "[clientio]") {
  RequestQueue queue;
  queue.post(submit_of(3, "12345"));
  queue.post(fetch(1));
  REQUIRE(queue.payload_bytes() == 15);
  REQUIRE(queue.pieces() == 7);
  REQUIRE(queue.take());
  REQUIRE(queue.payload_bytes() == 0);
  REQUIRE(queue.pieces() == 1);
  REQUIRE(queue.take());
  REQUIRE(queue.pieces() == 0);
}

}  // namespace scaler::clientio
