#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// The page that scaler_gui serves, file by file.
namespace scaler::embed {

struct PackedWebFile {
  std::string_view path;  // of its address: "/", "/app.js"
  std::string_view content_type;
  std::string_view packed;  // by gzip
};
std::span<const PackedWebFile> packed_web_files();

struct WebFile {
  PackedWebFile file;
  std::string plain;
};
std::vector<WebFile> web_files();

}  // namespace scaler::embed
