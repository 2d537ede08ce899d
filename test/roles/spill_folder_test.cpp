#include "roles/spill_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

namespace scaler::roles {

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "scaler-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

}  // namespace

TEST_CASE("a spill folder gives back what it took, and leaves no name behind", "[roles]") {
  const TemporaryFolder folder;
  SpillFolder shelf(folder.path);
  REQUIRE(shelf.check());
  const std::string content(100'000, 'x');
  REQUIRE(shelf.put(1, as_bytes(content)));
  REQUIRE(shelf.put(2, as_bytes("yz")));
  CHECK(std::filesystem::is_empty(folder.path));
  CHECK((shelf.first(1, content.size())->text() == content));
  CHECK(shelf.first(2, 1)->text() == "y");
  shelf.drop(2);
  CHECK_FALSE(shelf.first(2, 1));
  REQUIRE(shelf.put(2, as_bytes("again")));
  CHECK(shelf.first(2, 5)->text() == "again");
}

TEST_CASE("a spill folder that does not exist is told at the start", "[roles]") {
  const auto usable = SpillFolder("/nonexistent/folder").check();
  REQUIRE_FALSE(usable);
  CHECK(usable.error().text.find("/nonexistent/folder") != std::string::npos);
}

}  // namespace scaler::roles
