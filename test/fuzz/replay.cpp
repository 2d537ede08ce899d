// Runs a fuzz target once over every file of the folders named on the command line, for builds
// without libFuzzer. Fails when there is nothing to run, so that a lost corpus is noticed.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_under(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// The input stands in a heap block of exactly its size, so that the address sanitizer sees a read
// of one byte too many.
void run(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  const auto exact = std::make_unique<std::uint8_t[]>(content.size());
  if (!content.empty()) std::memcpy(exact.get(), content.data(), content.size());
  LLVMFuzzerTestOneInput(exact.get(), content.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      std::fprintf(stderr, "%s: not a folder\n", argv[i]);
      return 2;
    }
    for (const fs::path& file : files_under(argv[i])) {
      std::fprintf(stderr, "%s\n", file.filename().c_str());
      run(file);
      ++inputs;
    }
  }
  std::fprintf(stderr, "%zu inputs\n", inputs);
  return inputs > 0 ? 0 : 1;
}
