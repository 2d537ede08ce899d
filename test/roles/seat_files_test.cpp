#include "roles/seat_files.hpp"

#include <catch2/catch.hpp>

#include "scaler/base/memory_file.hpp"
#include "scaler/clientio/borrowed_file.hpp"

namespace scaler::roles {
namespace {

using clientio::BorrowedFile;
using clientio::FileReturns;

struct SeatEnv {
  Bytes file(std::uint64_t number) {
    auto made = MemoryFile::create(10'000);
    REQUIRE(made);
    return BorrowedFile::bytes_of(std::move(*made), number, returns);
  }
  agent::GiveObject object(std::uint64_t number) { return {{}, file(number).slice(0, 9'000)}; }

  std::shared_ptr<FileReturns> returns = std::make_shared<FileReturns>([] {});
  SeatFiles files;
};

}  // namespace

TEST_CASE("a file that a processor reads is kept until it is done with it", "[roles]") {
  SeatEnv env;
  agent::GiveObject object = env.object(3);
  const auto given = env.files.give(object);
  REQUIRE(given);
  REQUIRE((given->number == 3 && given->bytes == 9'000));
  REQUIRE(given->inode == file_number_of(object.payload.backing()->descriptor()));
  REQUIRE(env.files.give(object));
  object.payload = {};
  REQUIRE(env.files.done({3, false}));
  REQUIRE(env.returns->empty());
  REQUIRE(env.files.done({3, false}));
  const auto returned = env.returns->take();
  REQUIRE(returned.size() == 1);
  REQUIRE((returned[0].number == 3 && !returned[0].unsure));
  REQUIRE_FALSE(env.files.done({3, false}));
}

TEST_CASE("what a forked child of a processor may see is returned for good", "[roles]") {
  SeatEnv env;
  REQUIRE(env.files.give(env.object(3)));
  REQUIRE(env.files.done({3, true}));
  REQUIRE(env.returns->take().at(0).unsure);
}

TEST_CASE("what a processor has when it ends is returned for good", "[roles]") {
  const auto returns = [] {
    SeatEnv env;
    REQUIRE(env.files.give(env.object(3)));
    REQUIRE(env.files.lend(env.file(4)).number == 4);
    return env.returns;
  }();
  const auto returned = returns->take();
  REQUIRE(returned.size() == 2);
  REQUIRE((returned[0].unsure && returned[1].unsure));
}

TEST_CASE("a result lies in a file that its processor was lent, within its bounds", "[roles]") {
  SeatEnv env;
  const Bytes file = env.file(3);
  REQUIRE(env.files.lend(file).number == 3);
  REQUIRE_FALSE(env.files.result(4, 100));
  REQUIRE_FALSE(env.files.result(3, 10'001));
  REQUIRE_FALSE(env.files.result(3, 0));
  const auto result = env.files.result(3, 100);
  REQUIRE(result);
  REQUIRE((result->size() == 100 && result->backing() == file.backing()));
  REQUIRE_FALSE(env.files.result(3, 100));
}

TEST_CASE("an object that was given to be read is no result, and room for one no object",
          "[roles]") {
  SeatEnv env;
  REQUIRE(env.files.give(env.object(3)));
  REQUIRE_FALSE(env.files.result(3, 100));
  REQUIRE(env.files.lend(env.file(4)).number == 4);
  REQUIRE_FALSE(env.files.missing({{}, 4}));
  const auto object = env.files.missing({{}, 3});
  REQUIRE(object);
  REQUIRE(object->size() == 9'000);
  REQUIRE_FALSE(env.files.missing({{}, 3}));
}

TEST_CASE("bytes of the heap are not given as files, and no file is lent as such", "[roles]") {
  SeatEnv env;
  REQUIRE_FALSE(env.files.give({{}, Bytes::copy_of("heap")}));
  REQUIRE(env.files.lend({}).number == 0);
  REQUIRE(env.files.lend(Bytes::copy_of("heap")).number == 0);
}

TEST_CASE("files of two stores may have one number, and are told apart", "[roles]") {
  SeatEnv env;
  REQUIRE(env.files.give(env.object(3)));
  REQUIRE_FALSE(env.files.give(env.object(3)));
  REQUIRE(env.files.lend(env.file(3)).number == 0);
}

}  // namespace scaler::roles
