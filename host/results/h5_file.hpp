// The few HDF5 calls that results need, with object times off, so that equal contents are equal bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace quern {

enum class ColumnType : std::uint8_t { real, signed32, signed64, unsigned32, unsigned64, text };

class H5File {
 public:
  static H5File create(const std::string& path);
  // Throws BadRequest for a file that is missing, no HDF5 or damaged.
  static H5File open(const std::string& path);
  H5File(H5File&& other) noexcept;
  H5File(const H5File&) = delete;
  H5File& operator=(const H5File&) = delete;
  ~H5File();

  void write_attribute(const std::string& name, const std::string& value);
  void write_attribute(const std::string& name, std::int64_t value);
  bool has_attribute(const std::string& name) const;
  std::string text_attribute(const std::string& name) const;      // empty if absent
  std::int64_t whole_attribute(const std::string& name) const;    // 0 if absent

  void create_group(const std::string& path);
  // A column of `rows`; chunks of `chunk_rows`. `width` bytes a value for text (zero padded).
  void create_column(const std::string& path, ColumnType type, std::uint64_t rows, std::uint64_t chunk_rows,
                     std::size_t width = 0);
  // Writes rows [first, first + count); the element type is the column's.
  void write_rows(const std::string& path, std::uint64_t first, std::uint64_t count, const void* values);
  // Writes the chunk that begins at row `first`, as packed_chunk made it.
  void write_chunk(const std::string& path, std::uint64_t first, const std::string& packed);

  bool has(const std::string& path) const;
  std::vector<std::string> children(const std::string& group) const;     // by name
  std::uint64_t rows(const std::string& path) const;
  bool is_text(const std::string& path) const;
  bool is_column(const std::string& path) const;                         // a dataset, not a group
  std::vector<double> read_reals(const std::string& path, std::uint64_t first, std::uint64_t count) const;  // converts numbers
  std::vector<std::uint64_t> read_unsigned(const std::string& path, std::uint64_t first, std::uint64_t count) const;
  std::vector<std::string> read_texts(const std::string& path, std::uint64_t first, std::uint64_t count) const;

  // Flushes and closes; throws Failure if the disk would not take it.
  void close();

 private:
  H5File(std::int64_t file, std::string path) : file_(file), path_(std::move(path)) {}
  [[noreturn]] void fail(const std::string& what) const;
  std::int64_t dataset(const std::string& path) const;
  void read(const std::string& path, std::uint64_t first, std::uint64_t count, std::int64_t type, void* values) const;
  std::int64_t file_ = -1;
  std::string path_;
  mutable std::map<std::string, std::int64_t> open_;     // datasets kept open while rows go in
};

}  // namespace quern
