// Exceptions that nobody can catch. Says on standard output what a report of the crash must say.
#include <cstdio>
#include <cstring>
#include <stdexcept>

static void may_not_throw() noexcept
{
    throw 1;
}

struct ThrowsAtTheEnd {
    ~ThrowsAtTheEnd() { throw 1; }
};

int main(int, char **argv)
{
    puts("signal=SIGABRT cause=terminate");
    fflush(stdout);
    if (!strcmp(argv[1], "uncaught"))
        throw std::runtime_error("nobody catches it");
    if (!strcmp(argv[1], "noexcept"))
        may_not_throw();
    if (!strcmp(argv[1], "destructor"))
        ThrowsAtTheEnd();
}
