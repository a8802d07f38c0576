import CDLC
import DLCTensor

/// The files of a bundle that are text.
struct BundleTexts {
  let model: LoadedModel
  let target: BundleTarget
  let libraries: [String]

  /// Names and contents.
  var files: [(String, String)] {
    [
      ("main.c", main), ("CMakeLists.txt", cmake), ("dlc-config.cmake", config), ("dlc.pc", packageConfig),
      ("README", readme),
    ]
  }

  /// What links the sample on the developer's machine, from inside the folder: without what it does not call.
  var command: String {
    (["\(target.compiler) -Os -s main.c -L. -ldlc"] + libraries + ["-Wl,--gc-sections -Wl,-z,noseparate-code -o main"])
      .joined(separator: " ")
  }

  /// The plan as a C array: dlc_model_plan, dlc_model_plan_bytes.
  func planArray(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 4 + 512)
    text += Array(
      """
      // The plan in memory: dlc_program_open_memory(dlc_model_plan, dlc_model_plan_bytes, &program).
      #include <stddef.h>

      #if defined(__cplusplus)
      extern "C" {
      #endif
      extern const unsigned char dlc_model_plan[];
      extern const size_t dlc_model_plan_bytes;
      #if defined(__cplusplus)
      }
      #endif

      const size_t dlc_model_plan_bytes = \(bytes.count);
      __attribute__((aligned(64))) const unsigned char dlc_model_plan[\(bytes.count)] = {

      """.utf8)
    for (k, byte) in bytes.enumerated() {
      if byte >= 100 { text.append(48 + byte / 100) }
      if byte >= 10 { text.append(48 + byte / 10 % 10) }
      text.append(48 + byte % 10)
      text.append(44)
      if k % 32 == 31 { text.append(10) }
    }
    return text + Array("};\n".utf8)
  }

  private var ports: String {
    (model.inputs.map { "input  \($0)" } + model.outputs.map { "output \($0)" })
      .map { "//   " + $0.replacing("\\", with: "?") }.joined(separator: "\n")
  }

  private var main: String {
    """
    // Runs the plan once and prints what comes out: ./main [PLAN] [INPUT.raw ...], each input's elements as they lie in
    // memory; zeros without. -DDLC_EMBEDDED_PLAN and model_plan.c on the command line: the plan is part of the program.
    //
    \(ports)
    // Input and output without stdio: on a small C library printf weighs more than a small network's kernels.
    #include <fcntl.h>
    #include <string.h>
    #include <unistd.h>

    #include "dlc.h"

    #ifdef DLC_EMBEDDED_PLAN
    extern const unsigned char dlc_model_plan[];
    extern const size_t dlc_model_plan_bytes;
    #endif

    static void say(int to, const char *text) {
      if (write(to, text, strlen(text)) < 0) _exit(1);
    }

    static int fail(const char *what, const char *why) {
      say(2, what);
      say(2, ": ");
      say(2, why);
      say(2, "\\n");
      return 1;
    }

    static int read_input(const char *path, char *to, size_t bytes) {
      int file = open(path, O_RDONLY);
      while (file >= 0 && bytes) {
        ssize_t count = read(file, to, bytes);
        if (count <= 0) break;
        to += count;
        bytes -= (size_t)count;
      }
      char more;
      int fits = file >= 0 && !bytes && read(file, &more, 1) == 0;
      if (file >= 0) close(file);
      return fits ? 0 : fail(path, "cannot be read, or is not of the input's size");
    }

    // The decimal digits of `value` from that of `unit` on.
    static char *digits(char *to, unsigned long value, unsigned long unit) {
      for (; unit; unit /= 10) *to++ = (char)('0' + value / unit % 10);
      return to;
    }

    // As 1.23456789e-02.
    static void say_number(double x) {
      char text[32], *end = text;
      int exponent = x != 0 ? 8 : 0;
      *end++ = ' ';
      if (x < 0) *end++ = '-', x = -x;
      if (!(x <= 1.7976931348623157e308)) return say(1, x != x ? " nan" : text[1] == '-' ? " -inf" : " inf");
      for (; x >= 999999999.5; x /= 10) exponent++;
      for (; x > 0 && x < 99999999.95; x *= 10) exponent--;
      const unsigned long nine = (unsigned long)(x + 0.5);
      end = digits(end, nine, 100000000);
      memmove(end - 7, end - 8, 8); // room for the point behind the first digit
      end[-8] = '.';
      end++;
      *end++ = 'e';
      *end++ = exponent < 0 ? '-' : '+';
      exponent = exponent < 0 ? -exponent : exponent;
      *digits(end, (unsigned long)exponent, exponent < 100 ? 10 : 100) = 0;
      say(1, text);
    }

    static double element(const dlc_port *port, const void *data, size_t k) {
      double q;
      switch (port->element) {
      case DLC_ELEMENT_FLOAT32: return ((const float *)data)[k];
      case DLC_ELEMENT_FLOAT64: return ((const double *)data)[k];
      case DLC_ELEMENT_INT64: q = (double)((const int64_t *)data)[k]; break;
      case DLC_ELEMENT_INT32: q = ((const int32_t *)data)[k]; break;
      case DLC_ELEMENT_INT8: q = ((const int8_t *)data)[k]; break;
      default: q = ((const uint8_t *)data)[k]; break;
      }
      if (port->quantization.count == 1)
        q = (q - (port->quantization.zeros ? port->quantization.zeros[0] : 0)) * port->quantization.scales[0];
      return q;
    }

    static size_t element_bytes(const dlc_port *port) {
      size_t count = 1;
      for (int32_t axis = 0; axis < port->rank; axis++) count *= (size_t)port->dims[axis];
      return count ? port->bytes / count : 1;
    }

    int main(int count, char **arguments) {
      dlc_program *program;
      dlc_session *session;
      dlc_info info;
      dlc_port port;
    #ifdef DLC_EMBEDDED_PLAN
      if (dlc_program_open_memory(dlc_model_plan, dlc_model_plan_bytes, &program)) return fail("the plan", dlc_last_error());
      int argument = 1;
    #else
      const char *path = count > 1 ? arguments[1] : "model.plan";
      if (dlc_program_open(path, &program)) return fail(path, dlc_last_error());
      int argument = 2;
    #endif
      if (dlc_session_create(program, 1, &session)) return fail("the session", dlc_last_error());
      dlc_program_info(program, &info);
      for (uint32_t k = 0; k < info.inputs; k++) {
        dlc_program_input(program, k, &port);
        memset(dlc_session_input(session, k), 0, port.bytes);
        if (argument < count && read_input(arguments[argument++], dlc_session_input(session, k), port.bytes)) return 1;
      }
      if (dlc_session_run(session)) return fail("the run", dlc_last_error());
      for (uint32_t k = 0; k < info.outputs; k++) {
        dlc_program_output(program, k, &port);
        size_t elements = port.bytes / element_bytes(&port);
        say(1, port.name);
        say(1, ":");
        for (size_t i = 0; i < elements && i < 16; i++) say_number(element(&port, dlc_session_output(session, k), i));
        say(1, elements > 16 ? " ...\\n" : "\\n");
      }
      dlc_session_destroy(session);
      dlc_program_close(program);
      return 0;
    }

    """
  }

  private var cmake: String {
    """
    # The sample: cmake -B build && cmake --build build. In a project of yours: find_package(dlc REQUIRED PATHS this folder).
    cmake_minimum_required(VERSION 3.13)
    project(dlc_sample C)
    find_package(dlc REQUIRED CONFIG PATHS ${CMAKE_CURRENT_SOURCE_DIR} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
    add_executable(main main.c)
    target_link_libraries(main PRIVATE dlc::dlc)

    """
  }

  private var config: String {
    """
    # find_package(dlc CONFIG): the imported target dlc::dlc, and dlc_PLAN, the plan's file.
    get_filename_component(dlc_FOLDER "${CMAKE_CURRENT_LIST_DIR}" ABSOLUTE)
    set(dlc_PLAN "${dlc_FOLDER}/model.plan")
    if(NOT TARGET dlc::dlc)
      add_library(dlc::dlc STATIC IMPORTED)
      set_target_properties(dlc::dlc PROPERTIES
        IMPORTED_LOCATION "${dlc_FOLDER}/libdlc.a"
        INTERFACE_INCLUDE_DIRECTORIES "${dlc_FOLDER}"
        INTERFACE_LINK_OPTIONS "-Wl,--gc-sections"
        INTERFACE_LINK_LIBRARIES "\(libraries.map { String($0.dropFirst(2)) }.joined(separator: ";"))")
    endif()

    """
  }

  private var packageConfig: String {
    """
    prefix=${pcfiledir}

    Name: dlc
    Description: dlc runtime with the kernels of one plan
    Version: \(String(cString: dlc_version()))
    Cflags: -I${prefix}
    Libs: -L${prefix} -ldlc \(libraries.joined(separator: " "))

    """
  }

  private var readme: String {
    """
    What runs model.plan on \(target.rawValue), and nothing else.

    model.plan        the network; model_plan.c has the same bytes as a C array
    dlc.h, libdlc.a   the runtime with the kernels, element types and instruction sets that this plan uses
    dlc_accuracy.h    how far two outputs lie apart, for tests; a header alone
    dlc_preprocess.h  from the pixels of an image to a network's input; linked only where it is called
    main.c            a program that runs the plan once

        \(command)
        ./main model.plan

    CMake: find_package(dlc CONFIG PATHS this-folder), then link dlc::dlc. pkg-config: PKG_CONFIG_PATH=this-folder.
    -Wl,--gc-sections leaves out functions of dlc.h that you do not call, -Wl,-z,noseparate-code padding between code and constants.
    The library opens other plans too, when they need no more than this one; it says what is missing otherwise.

    """
  }
}
