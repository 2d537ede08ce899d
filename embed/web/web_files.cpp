#include "embed/web/web_files.hpp"

#include "embed/carried/gunzip.hpp"

namespace scaler::embed {

std::vector<WebFile> web_files() {
  std::vector<WebFile> files;
  for (const PackedWebFile& file : packed_web_files()) files.push_back({file, gunzip(file.packed)});
  return files;
}

}  // namespace scaler::embed
