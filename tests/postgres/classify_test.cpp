// What errors of PostgreSQL and libpq mean.
#include "postgres/classify.h"

#include "support/catch.h"

using namespace outbox_relay;
using core::Reason;
using core::Remedy;

TEST_CASE("every kind of server error has its remedy", "[postgres][classify]") {
  struct Case {
    const char* sqlstate;
    Reason reason;
    Remedy remedy;
  };
  const auto example = GENERATE(
      Case{"08006", Reason::connection, Remedy::rebuild}, Case{"0A000", Reason::other, Remedy::rebuild},
      Case{"22P02", Reason::other, Remedy::operate}, Case{"23514", Reason::other, Remedy::operate},
      Case{"25006", Reason::read_only, Remedy::rebuild}, Case{"25P03", Reason::connection, Remedy::rebuild},
      Case{"26000", Reason::connection, Remedy::rebuild},
      Case{"28000", Reason::authentication, Remedy::operate},
      Case{"28P01", Reason::authentication, Remedy::operate}, Case{"3D000", Reason::missing, Remedy::operate},
      Case{"3F000", Reason::missing, Remedy::operate}, Case{"40001", Reason::conflict, Remedy::retry},
      Case{"40P01", Reason::conflict, Remedy::retry}, Case{"42501", Reason::authorization, Remedy::operate},
      Case{"42P01", Reason::missing, Remedy::operate}, Case{"42703", Reason::missing, Remedy::operate},
      Case{"42804", Reason::other, Remedy::operate}, Case{"53100", Reason::resources, Remedy::retry},
      Case{"53300", Reason::resources, Remedy::retry}, Case{"55P03", Reason::conflict, Remedy::retry},
      Case{"57014", Reason::timeout, Remedy::retry}, Case{"57P01", Reason::connection, Remedy::rebuild},
      Case{"57P03", Reason::connection, Remedy::rebuild}, Case{"57P04", Reason::missing, Remedy::rebuild},
      Case{"57P05", Reason::connection, Remedy::rebuild}, Case{"58030", Reason::resources, Remedy::retry},
      Case{"57P02", Reason::connection, Remedy::rebuild}, Case{"OR001", Reason::conflict, Remedy::rebuild},
      Case{"OR002", Reason::connection, Remedy::rebuild}, Case{"08P01", Reason::connection, Remedy::rebuild},
      Case{"P0001", Reason::other, Remedy::operate}, Case{"XX000", Reason::other, Remedy::rebuild},
      Case{"XX001", Reason::other, Remedy::operate}, Case{"ZZ999", Reason::other, Remedy::retry});
  const auto failure = postgres::classify({example.sqlstate, "words"});
  INFO(example.sqlstate);
  CHECK(failure.reason == example.reason);
  CHECK(failure.remedy == example.remedy);
}

TEST_CASE("a value that is too long for its column has a hint of its own", "[postgres][classify]") {
  CHECK(postgres::classify({"22001", "value too long for type character varying(9)"}).hint ==
        "a column of the outbox is too short for what the relay or a trigger writes; `last_error` should be "
        "text");
}

TEST_CASE("a server's words are shown unless they may quote a row", "[postgres][classify]") {
  CHECK(postgres::classify({"42P01", "relation \"outbox\" does not exist"}).message ==
        "the server refused a statement: relation \"outbox\" does not exist (SQLSTATE 42P01)");
  CHECK(postgres::classify({"22P02", "invalid input syntax for type integer: \"secret\""}).message ==
        "the server refused a statement (SQLSTATE 22P02)");
  CHECK(postgres::classify({"P0001", "no: secret"}).message ==
        "the server refused a statement (SQLSTATE P0001)");
  CHECK(postgres::classify({"55P03", "canceling statement due to lock timeout", true}).message ==
        "the server refused a statement: canceling statement due to lock timeout (SQLSTATE 55P03)");
  CHECK(postgres::classify({"40P01", "deadlock detected", true}).message ==
        "the server refused a statement: deadlock detected (SQLSTATE 40P01)");
  CHECK(postgres::classify({"42501", "said by a trigger: secret", true}).message ==
        "the server refused a statement (SQLSTATE 42501)");
}

TEST_CASE("a connection that fails is classified by what libpq says", "[postgres][classify]") {
  struct Case {
    const char* text;
    bool needs_password;
    Reason reason;
    Remedy remedy;
  };
  const auto example = GENERATE(
      Case{"connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the server "
           "running?\n",
           false, Reason::connection, Remedy::rebuild},
      Case{"connection to server at \"h\", port 1 failed: FATAL:  28P01: Passwort falsch\nLOCATION:  "
           "auth.c:1\n",
           false, Reason::authentication, Remedy::operate},
      Case{
          "connection to server at \"h\", port 1 failed: FATAL:  57P03: the database system is starting up\n",
          false, Reason::connection, Remedy::rebuild},
      Case{"connection to server at \"h\", port 1 failed: FATAL:  53300: too many clients already\n", false,
           Reason::resources, Remedy::retry},
      Case{"connection to server at \"h\", port 1 failed: fe_sendauth: no password supplied\n", true,
           Reason::authentication, Remedy::operate},
      Case{"connection to server at \"h\", port 1 failed: session is read-only\n", false, Reason::read_only,
           Remedy::rebuild},
      Case{"connection to server at \"h\", port 1 failed: SSL error: certificate verify failed\n", false,
           Reason::authentication, Remedy::operate},
      Case{"connection to server at \"h\", port 1 failed: SSL SYSCALL error: EOF detected\n", false,
           Reason::connection, Remedy::rebuild},
      Case{"could not translate host name \"nowhere\" to address: Name or service not known\n", false,
           Reason::connection, Remedy::rebuild});
  const auto failure = postgres::classify_connect(example.text, example.needs_password);
  INFO(example.text);
  CHECK(failure.reason == example.reason);
  CHECK(failure.remedy == example.remedy);
}

TEST_CASE("what is said about several hosts becomes one line", "[postgres][classify]") {
  CHECK(postgres::classify_connect("connection to server at \"a\", port 1 failed: Connection refused\n"
                                   "\tIs the server running on that host and accepting TCP/IP connections?\n"
                                   "connection to server at \"b\", port 1 failed: session is read-only\n",
                                   false)
            .message ==
        "cannot connect to PostgreSQL: connection to server at \"a\", port 1 failed: Connection refused; "
        "connection to server at \"b\", port 1 failed: session is read-only");
}
