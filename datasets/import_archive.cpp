// The bytes of files and of what is packed in them, through libarchive.
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "datasets/import_parts.hpp"

namespace quern::importing {
namespace {

std::string read_plain(const std::string& path) {
  struct Descriptor {
    int fd;
    ~Descriptor() {
      if (fd >= 0) ::close(fd);
    }
  } file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0)
    throw BadRequest(fmt::format("Cannot open '{}' ({}): nothing to import. Check the path.", path, std::strerror(errno)));
  if (S_ISDIR(status.st_mode))
    throw BadRequest(fmt::format("'{}' is a folder: name the files in it (for instance {}/*.csv).", path, path));
  std::string text(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)), '\0');
  std::size_t size = 0;
  for (;;) {
    if (size == text.size()) text.resize(size + (status.st_size > 0 ? 4096 : 1 << 20));
    const ssize_t got = ::read(file.fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw BadRequest(fmt::format("Cannot read '{}' ({}).", path, std::strerror(errno)));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

bool is_packed(std::string_view text) {
  const auto starts = [&](std::string_view magic) { return text.substr(0, magic.size()) == magic; };
  return starts("\x1f\x8b") || starts(std::string_view("PK\x03\x04", 4)) || starts(std::string_view("PK\x05\x06", 4)) ||
         starts(std::string_view("\xfd" "7zXZ\0", 6)) || starts("BZh") || starts("\x28\xb5\x2f\xfd");
}

struct Reader {
  archive* handle = archive_read_new();
  ~Reader() { archive_read_free(handle); }
};

}  // namespace

std::string base_name(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::vector<Content> read_contents(const std::string& path) {
  std::string bytes = read_plain(path);
  const std::string name = base_name(path);
  std::vector<Content> contents;
  if (!is_packed(bytes)) {
    contents.push_back({name, std::move(bytes)});
    return contents;
  }
  const bool zip = bytes.compare(0, 2, "PK") == 0;
  Reader reader;
  archive_read_support_filter_all(reader.handle);
  archive_read_support_format_zip(reader.handle);
  if (!zip) archive_read_support_format_raw(reader.handle);
  const auto broken = [&]() {
    const char* why = archive_error_string(reader.handle);
    return BadRequest(fmt::format("'{}' cannot be unpacked ({}): it is damaged or was cut off while downloading. Download "
                                  "it again.", path, why != nullptr ? why : "the packed data is invalid"));
  };
  if (archive_read_open_memory(reader.handle, bytes.data(), bytes.size()) != ARCHIVE_OK) throw broken();
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.handle, &entry);
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) throw broken();
    const char* member = archive_entry_pathname(entry);
    const std::string member_name = member != nullptr ? member : "";
    if (zip && (archive_entry_filetype(entry) == AE_IFDIR || member_name.rfind("__MACOSX", 0) == 0 ||
                (!member_name.empty() && member_name.back() == '/')))
      continue;
    if (archive_entry_is_data_encrypted(entry) > 0)
      throw BadRequest(fmt::format("'{}' is encrypted: unpack it first and import what is in it.", path));
    Content content{zip ? name + ":" + member_name : name, {}};
    if (archive_entry_size_is_set(entry) && archive_entry_size(entry) > 0)
      content.text.reserve(static_cast<std::size_t>(std::min<std::int64_t>(archive_entry_size(entry), std::int64_t{1} << 32)));
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    for (;;) {
      const int got = archive_read_data_block(reader.handle, &block, &size, &offset);
      if (got == ARCHIVE_EOF) break;
      if (got < ARCHIVE_WARN) throw broken();
      content.text.append(static_cast<const char*>(block), size);
    }
    if (!zip && content.text.compare(0, std::string::npos, bytes) == 0) throw broken();  // no filter knew the bytes
    contents.push_back(std::move(content));
  }
  if (contents.empty()) throw BadRequest(fmt::format("'{}' is an empty archive: there are no candles in it.", path));
  return contents;
}

std::string not_a_table(std::string_view text) {
  const auto starts = [&](std::string_view magic) { return text.substr(0, magic.size()) == magic; };
  if (starts("\x89HDF")) return "an HDF5 file, no table of text";
  if (starts("PAR1") || starts("ARROW1")) return "a Parquet or Arrow file. Write it as CSV first";
  if (starts("\xff\xfe") || starts("\xfe\xff")) return "text in UTF-16. Save it as UTF-8";
  if (text.substr(0, 65536).find('\0') != std::string_view::npos) return "a binary file, no table of text";
  const auto first = text.find_first_not_of(" \t\r\n");
  const auto metatrader = [&] { return plain_name(text.substr(first, 6)) == "date" || plain_name(text.substr(first, 8)) == "ticker"; };
  if (first != std::string_view::npos && text[first] == '<' && !metatrader())
    return "a web page or XML, not a table: the download brought a page (an error or a login) instead of the data. "
           "Download it again";
  return {};
}

}  // namespace quern::importing
