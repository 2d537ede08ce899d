#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>

#include "net/support.hpp"

namespace scaler::net {
namespace {}  // namespace

TEST_CASE("listening where another program listens says so and what to do", "[net]") {
  TestLoop test;
  RecordingRouter first(test.loop);
  RecordingRouter second(test.loop);
  SECTION("tcp") {
    const Address taken = first.listen(loopback);
    const auto refused = second.router->listen(taken);
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().text == "cannot listen on " + taken.to_string() +
                                        ": address in use: another program listens on " +
                                        taken.to_string() + "; choose another port or stop it");
  }
  SECTION("all interfaces") {
    const Address taken = first.listen("tcp://*:0");
    REQUIRE_FALSE(second.router->listen(taken));
  }
  SECTION("ipc") {
    const Address taken = first.listen("ipc://" + fresh_path("taken"));
    const auto refused = second.router->listen(taken);
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().text.find("another program listens") != std::string::npos);
    first.router.reset();
    REQUIRE(second.router->listen(taken));
  }
}

TEST_CASE("a socket file left by a dead process is replaced, any other file is not", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const std::string path = fresh_path("stale");
  SECTION("a stale socket") {
    {
      RecordingRouter dead(test.loop);
      dead.listen("ipc://" + path);
      std::filesystem::rename(path, path + ".kept");
    }
    std::filesystem::rename(path + ".kept", path);
    REQUIRE(router.router->listen(*Address::parse("ipc://" + path)));
  }
  SECTION("an ordinary file") {
    std::FILE* file = std::fopen(path.c_str(), "w");
    std::fclose(file);
    const auto refused = router.router->listen(*Address::parse("ipc://" + path));
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().text.find("not a socket") != std::string::npos);
    REQUIRE(std::filesystem::exists(path));
    std::filesystem::remove(path);
  }
}

TEST_CASE("out of descriptors, a listener rests, says so once and goes on when there are some",
          "[net]") {
  LogRecorder log;
  TestLoop test;
  RecordingRouter router(test.loop);
  const Address address = router.listen(loopback);
  RawClient client(address);  // the kernel accepts it; we cannot yet
  client.say(ymq_hello("patient"));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 3;  // those that are open stay open
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  int turns = 0;
  const auto count = test.loop.before_poll([&] { ++turns; });
  test.run_until([&] { return log.said("accepts no connection for now"); });
  Timer later(test.loop, [&] { ::setrlimit(RLIMIT_NOFILE, &before); });
  later.start(150ms);  // it has tried again by then
  test.run_until([&] { return router.router->peers() == 1; });
  REQUIRE(log.lines.size() == 1);
  REQUIRE(turns < 50);  // no spinning
}

TEST_CASE("bind errors name the cause", "[net]") {
  TestLoop test;
  RecordingRouter router(test.loop);
  const auto fails_with = [&](const char* address, const char* part) {
    const auto bound = router.router->listen(*Address::parse(address));
    REQUIRE_FALSE(bound);
    INFO(bound.error().text);
    REQUIRE(bound.error().text.find(part) != std::string::npos);
  };
  fails_with("tcp://no-such-host.invalid:0", "no-such-host.invalid");
  fails_with("tcp://192.0.2.1:0", "no such address");
  fails_with("ipc:///no/such/folder/socket", "folder");
}

}  // namespace scaler::net
