// Classifies digits: classify PLAN FILE.raw..., each file 64 float32 numbers of an 8x8 image, row by row.
#include <dlc.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

void check(dlc_status status) {
  if (status != DLC_OK) throw std::runtime_error(dlc_last_error());
}

struct Close {
  void operator()(dlc_program *program) const { dlc_program_close(program); }
  void operator()(dlc_session *session) const { dlc_session_destroy(session); }
};

// A plan and the memory of one run at a time on it.
class Network {
public:
  explicit Network(const char *path) {
    dlc_program *opened = nullptr;
    check(dlc_program_open(path, &opened));
    program.reset(opened);
    dlc_session *created = nullptr;
    check(dlc_session_create(opened, 1, &created));
    session.reset(created);
    check(dlc_program_input(opened, 0, &input));
    check(dlc_program_output(opened, 0, &output));
  }

  std::size_t classify(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    if (!file.read(static_cast<char *>(dlc_session_input(session.get(), 0)), static_cast<std::streamsize>(input.bytes)))
      throw std::runtime_error(path + ": expected " + std::to_string(input.bytes) + " bytes");
    check(dlc_session_run(session.get()));
    auto scores = static_cast<const float *>(dlc_session_output(session.get(), 0));
    return static_cast<std::size_t>(std::max_element(scores, scores + output.bytes / sizeof(float)) - scores);
  }

private:
  std::unique_ptr<dlc_program, Close> program;
  std::unique_ptr<dlc_session, Close> session;
  dlc_port input{}, output{};
};

} // namespace

int main(int count, char **arguments) {
  if (count < 3) {
    std::cerr << "usage: classify PLAN FILE.raw...\n";
    return 64;
  }
  try {
    Network network(arguments[1]);
    for (int k = 2; k < count; k++) std::cout << arguments[k] << ": " << network.classify(arguments[k]) << "\n";
  } catch (const std::exception &error) {
    std::cerr << "classify: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
