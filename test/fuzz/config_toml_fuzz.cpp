// Any bytes as a configuration file: each command takes it or refuses it with one line.
#include <cstdint>
#include <string>

#include "config/fake_machine.hpp"
#include "scaler/base/assert.hpp"
#include "scaler/config/commands.hpp"

namespace {

template <class Parsed>
void check(const Parsed& parsed) {
  if (parsed) return;
  SCALER_ASSERT(!parsed.error().text.empty(), "an error without a text");
  SCALER_ASSERT(parsed.error().text.find('\n') == std::string::npos, parsed.error().text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scaler::config;
  test::FakeMachine files;
  files.files["f"] = {reinterpret_cast<const char*>(data), size};
  const Machine machine = files.machine();
  const auto line = test::words("-c f");
  check(parse_scheduler(line, machine));
  check(parse_store(line, machine));
  check(parse_cluster(line, machine));
  check(parse_gui(line, machine));
  check(parse_worker_manager(test::words("baremetal_native -c f"), machine));
  check(parse_worker_manager(test::words("aws_raw_ecs -c f"), machine));
  return 0;
}
