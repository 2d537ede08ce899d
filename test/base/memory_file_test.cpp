#include "scaler/base/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

namespace scaler {
namespace {

struct Noted final : Backing {
  explicit Noted(int& ends) : ends_(ends) {}
  ~Noted() override { ++ends_; }
  int& ends_;
};

int unsealed_file(std::size_t bytes) {
  const int file = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  REQUIRE(::ftruncate(file, static_cast<off_t>(bytes)) == 0);
  return file;
}

}  // namespace

TEST_CASE("what is written to a memory file is seen where it is mapped, in its order", "[base]") {
  const std::string long_part(100'000, 'x');
  auto file = MemoryFile::create(200'000);
  REQUIRE(file);
  std::vector<ByteView> parts{as_bytes("begin"), {}, as_bytes(long_part)};
  for (int i = 0; i < 200; ++i) parts.push_back(as_bytes("part"));  // more than one call takes
  REQUIRE(write_file(file->descriptor(), parts));
  std::string expected = "begin" + long_part;
  for (int i = 0; i < 200; ++i) expected += "part";
  REQUIRE(as_text(file->view().first(expected.size())) == expected);
  REQUIRE(file->size() == 200'000);
}

TEST_CASE("a memory file is as long as it was made, for whoever has it", "[base]") {
  auto file = MemoryFile::create(10'000);
  REQUIRE(file);
  REQUIRE(::ftruncate(file->descriptor(), 5'000) != 0);
  REQUIRE(::ftruncate(file->descriptor(), 20'000) != 0);
  const std::string more(10'001, 'x');
  const ByteView parts[] = {as_bytes(more)};
  REQUIRE_FALSE(write_file(file->descriptor(), parts));
}

TEST_CASE("a file is adopted if nobody can change its size and it is large enough", "[base]") {
  auto made = MemoryFile::create(10'000);
  REQUIRE(made);
  const auto adopt = [](int file, std::size_t bytes) { return MemoryFile::adopt(file, bytes); };
  REQUIRE(adopt(::dup(made->descriptor()), 10'000));
  REQUIRE_FALSE(adopt(::dup(made->descriptor()), 10'001));
  REQUIRE_FALSE(adopt(unsealed_file(10'000), 10'000));
  REQUIRE_FALSE(adopt(::open("/dev/null", O_RDONLY | O_CLOEXEC), 1));
  REQUIRE_FALSE(adopt(-1, 1));
  const int only_grows = unsealed_file(10'000);
  REQUIRE(::fcntl(only_grows, F_ADD_SEALS, F_SEAL_GROW) == 0);
  REQUIRE_FALSE(adopt(only_grows, 10'000));
}

TEST_CASE("a memory file's number is that of every descriptor of it", "[base]") {
  auto one = MemoryFile::create(1);
  auto other = MemoryFile::create(1);
  REQUIRE((one && other));
  const int copy = ::dup(one->descriptor());
  REQUIRE(file_number_of(copy) == file_number_of(one->descriptor()));
  REQUIRE(file_number_of(copy) != file_number_of(other->descriptor()));
  REQUIRE(file_number_of(-1) == 0);
  ::close(copy);
}

TEST_CASE("memory that is not of the heap goes with the last bytes that show it", "[base]") {
  int ends = 0;
  const std::string memory = "somewhere else";
  Bytes whole = Bytes::backed_by(std::make_unique<Noted>(ends), as_bytes(memory));
  REQUIRE(whole.backing() != nullptr);
  REQUIRE(whole.footprint_bytes() == memory.size());
  Bytes part = whole.slice(0, 4);
  whole = Bytes();
  REQUIRE(ends == 0);
  REQUIRE(part.text() == "some");
  part = Bytes();
  REQUIRE(ends == 1);
  REQUIRE(Bytes::copy_of("heap").backing() == nullptr);
}

TEST_CASE("a process knows that it has forked", "[base]") {
  const unsigned before = forks_so_far();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(forks_so_far() == before + 1);
  ::waitpid(child, nullptr, 0);
}

}  // namespace scaler
