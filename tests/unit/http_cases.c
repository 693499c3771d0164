/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of bad and good requests. Most of the bad ones are known from
 * request smuggling: two readers of the same bytes disagree on where the
 * request ends.
 */
#include "tests/unit/http_cases.h"

#define BAD(name, status, bytes)                             \
	{                                                    \
		name, status, bytes, sizeof(bytes) - 1, NULL \
	}
#define GOOD(name, seen, bytes)                           \
	{                                                 \
		name, 200, bytes, sizeof(bytes) - 1, seen \
	}

#define HOST "Host: a\r\n"
#define LINE(line) line "\r\n" HOST "\r\n"
#define GET(fields) "GET /echo HTTP/1.1\r\n" fields "\r\n"
#define FIELD(field) "GET /echo HTTP/1.1\r\n" HOST field "\r\n\r\n"
#define POST(fields) "POST /echo HTTP/1.1\r\n" HOST fields "\r\n\r\n"

/* Longer than any bound on what is skipped in chunks. */
#define A16 "aaaaaaaaaaaaaaaa"
#define A256 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16
#define A4096                                                                 \
	A256 A256 A256 A256 A256 A256 A256 A256 A256 A256 A256 A256 A256 A256 \
	    A256 A256

const struct http_case http_bad_heads[] = {
    /* The request line. */
    BAD("two blanks behind the method", 400, LINE("GET  /echo HTTP/1.1")),
    BAD("two blanks behind the target", 400, LINE("GET /echo  HTTP/1.1")),
    BAD("a tab for a blank", 400, LINE("GET\t/echo HTTP/1.1")),
    BAD("a vertical tab for a blank", 400, LINE("GET\v/echo HTTP/1.1")),
    BAD("a blank in front", 400, LINE(" GET /echo HTTP/1.1")),
    BAD("a blank at the end", 400, LINE("GET /echo HTTP/1.1 ")),
    BAD("a tab at the end", 400, LINE("GET /echo HTTP/1.1\t")),
    BAD("no version", 400, LINE("GET /echo")),
    BAD("an empty version", 400, LINE("GET /echo ")),
    BAD("only a method", 400, LINE("GET")),
    BAD("line ends without CR", 400, "GET /echo HTTP/1.1\nHost: a\n\n"),
    BAD("the first line end without CR", 400,
	"GET /echo HTTP/1.1\nHost: a\r\n\r\n"),
    BAD("the last line end without CR", 400,
	"GET /echo HTTP/1.1\r\nHost: a\r\n\n"),
    BAD("a CR for a line end", 400, "GET /echo HTTP/1.1\rHost: a\r\n\r\n"),
    BAD("two CRs in a line end", 400,
	"GET /echo HTTP/1.1\r\r\nHost: a\r\n\r\n"),
    BAD("a CR in the target", 400, LINE("GET /e\rcho HTTP/1.1")),
    BAD("two empty lines in front", 400, "\r\n\r\n" LINE("GET /echo HTTP/1.1")),
    BAD("an empty line in front without CR", 400,
	"\n" LINE("GET /echo HTTP/1.1")),
    BAD("a method in lower case", 400, LINE("get /echo HTTP/1.1")),
    BAD("a method that is no token", 400, LINE("G(T /echo HTTP/1.1")),
    BAD("a NUL in the method", 400, LINE("GE\0T /echo HTTP/1.1")),
    BAD("a method of 25 bytes", 400,
	LINE("AAAAAAAAAAAAAAAAAAAAAAAAA /echo HTTP/1.1")),
    BAD("a target without a slash", 400, LINE("GET echo HTTP/1.1")),
    BAD("a target with scheme and host", 400,
	LINE("GET http://a/echo HTTP/1.1")),
    BAD("a target that is an asterisk", 400, LINE("OPTIONS * HTTP/1.1")),
    BAD("a target that is an authority", 400, LINE("CONNECT a:80 HTTP/1.1")),
    BAD("a backslash for the slash", 400, LINE("GET \\echo HTTP/1.1")),
    BAD("a fragment", 400, LINE("GET /echo#x HTTP/1.1")),
    BAD("a blank in the target", 400, LINE("GET /ec ho HTTP/1.1")),
    BAD("a control in the target", 400, LINE("GET /ec\001ho HTTP/1.1")),
    BAD("a DEL in the target", 400, LINE("GET /ec\177ho HTTP/1.1")),
    BAD("a NUL in the target", 400, LINE("GET /ec\0ho HTTP/1.1")),
    BAD("raw UTF-8 in the target", 400, LINE("GET /\303\251 HTTP/1.1")),
    BAD("raw UTF-8 in the query", 400, LINE("GET /?\303\251 HTTP/1.1")),
    BAD("an escape of no hex digits", 400, LINE("GET /%zz HTTP/1.1")),
    BAD("an escape cut short", 400, LINE("GET /echo%4 HTTP/1.1")),
    BAD("HTTP/2.0", 505, LINE("GET /echo HTTP/2.0")),
    BAD("HTTP/1.2", 505, LINE("GET /echo HTTP/1.2")),
    BAD("HTTP/9.9", 505, LINE("GET /echo HTTP/9.9")),
    BAD("HTTP/0.9", 505, LINE("GET /echo HTTP/0.9")),
    BAD("the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    BAD("the version in lower case", 400, LINE("GET /echo http/1.1")),
    BAD("a version with a tail", 400, LINE("GET /echo HTTP/1.1x")),
    BAD("a version with a zero in front", 400, LINE("GET /echo HTTP/01.1")),
    BAD("a version with a comma", 400, LINE("GET /echo HTTP/1,1")),
    BAD("a version cut short", 400, LINE("GET /echo HTTP/1.")),
    BAD("another protocol", 400, LINE("GET /echo RTSP/1.0")),
    BAD("the hello of TLS", 400,
	"\026\003\001\002\000\001\000\001\374\003\003"),

    /* Fields in general. */
    BAD("no colon", 400, FIELD("Accept")),
    BAD("an empty name", 400, FIELD(": x")),
    BAD("a blank before the colon", 400, FIELD("Content-Length : 5")),
    BAD("a tab before the colon", 400, FIELD("Content-Length\t: 5")),
    BAD("a blank within a name", 400, FIELD("Content Length: 5")),
    BAD("a folded line", 400, FIELD("X-A: b\r\n c")),
    BAD("a line folded with a tab", 400, FIELD("X-A: b\r\n\tc")),
    BAD("a blank before the first field", 400, GET(" " HOST)),
    BAD("a line of one blank", 400, FIELD(" ")),
    BAD("a NUL in a name", 400, FIELD("Content-Length\0: 5")),
    BAD("a NUL in a value", 400, FIELD("X-A: b\0c")),
    BAD("a CR in a value", 400, FIELD("X-A: b\rContent-Length: 5")),
    BAD("an LF in a value", 400, FIELD("X-A: b\nContent-Length: 5")),
    BAD("a CR at the end of a value", 400, FIELD("X-A: b\r")),
    BAD("a control in a value", 400, FIELD("X-A: b\001")),
    BAD("a form feed in a value", 400, FIELD("X-A: \fb")),
    BAD("a DEL in a value", 400, FIELD("X-A: \177")),
    BAD("a parenthesis in a name", 400, FIELD("X(A: b")),
    BAD("a slash in a name", 400, FIELD("X/A: b")),
    BAD("a quote in a name", 400, FIELD("X\"A: b")),
    BAD("a high byte in a name", 400, FIELD("X\200A: b")),
    BAD("an escape in a name", 400, FIELD("X\033A: b")),

    /* Host. */
    BAD("no Host", 400, GET("Accept: x\r\n")),
    BAD("two Hosts", 400, GET(HOST "Host: b\r\n")),
    BAD("the same Host twice", 400, GET(HOST HOST)),
    BAD("two Hosts in HTTP/1.0", 400,
	"GET /echo HTTP/1.0\r\n" HOST "host: b\r\n\r\n"),
    BAD("an empty Host", 400, GET("Host:\r\n")),
    BAD("a Host of two words", 400, GET("Host: a b\r\n")),
    BAD("a Host that is a list", 400, GET("Host: a,b\r\n")),
    BAD("a Host with a path", 400, GET("Host: a/b\r\n")),
    BAD("a Host with a user", 400, GET("Host: u@a\r\n")),
    BAD("a Host with a port of letters", 400, GET("Host: a:http\r\n")),
    BAD("a Host with an empty port", 400, GET("Host: a:\r\n")),
    BAD("a Host with too long a port", 400, GET("Host: a:123456\r\n")),
    BAD("a Host with an open bracket", 400, GET("Host: [::1\r\n")),
    BAD("a Host with a tail", 400, GET("Host: [::1]a\r\n")),

    /* Content-Length. */
    BAD("two lengths", 400,
	POST("Content-Length: 5\r\nContent-Length: 6") "hello"),
    BAD("the same length twice", 400,
	POST("Content-Length: 5\r\ncontent-length: 5") "hello"),
    BAD("a list of lengths", 400, POST("Content-Length: 5, 5") "hello"),
    BAD("a length with a comma", 400, POST("Content-Length: 5,") "hello"),
    BAD("a length with a plus", 400, POST("Content-Length: +5") "hello"),
    BAD("a negative length", 400, POST("Content-Length: -1")),
    BAD("a length of minus zero", 400, POST("Content-Length: -0")),
    BAD("a hexadecimal length", 400, POST("Content-Length: 0x5") "hello"),
    BAD("a length with letters", 400, POST("Content-Length: 5abc") "hello"),
    BAD("a length with a fraction", 400, POST("Content-Length: 5.0") "hello"),
    BAD("a length of two numbers", 400, POST("Content-Length: 5 5") "hello"),
    BAD("an empty length", 400, POST("Content-Length:") "hello"),
    BAD("a length above 2^53", 400, POST("Content-Length: 9007199254740993")),
    BAD("a length that wraps", 400,
	POST("Content-Length: 18446744073709551621") "hello"),
    BAD("a length of 17 digits", 400,
	POST("Content-Length: 00000000000000005") "hello"),
    BAD("a length in other digits", 400,
	POST("Content-Length: \331\243") "abc"),

    /* Transfer-Encoding. */
    BAD("chunks and a length", 400,
	POST("Transfer-Encoding: chunked\r\nContent-Length: 5") "0\r\n\r\n"),
    BAD("a length and chunks", 400,
	POST("Content-Length: 5\r\nTransfer-Encoding: chunked") "0\r\n\r\n"),
    BAD("a length and another coding", 400,
	POST("Content-Length: 5\r\nTransfer-Encoding: x") "hello"),
    BAD("chunked twice", 400,
	POST(
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked") "0\r\n"
									"\r\n"),
    BAD("chunked and then identity", 400,
	POST("Transfer-Encoding: chunked\r\nTransfer-encoding: identity") "0\r"
									  "\n\r"
									  "\n"),
    BAD("xchunked", 501, POST("Transfer-Encoding: xchunked") "0\r\n\r\n"),
    BAD("chunkedx", 501, POST("Transfer-Encoding: chunkedx") "0\r\n\r\n"),
    BAD("identity", 501, POST("Transfer-Encoding: identity") "0\r\n\r\n"),
    BAD("gzip, chunked", 501,
	POST("Transfer-Encoding: gzip, chunked") "0\r\n\r\n"),
    BAD("chunked, identity", 501,
	POST("Transfer-Encoding: chunked, identity") "0\r\n\r\n"),
    BAD("a comma before chunked", 501,
	POST("Transfer-Encoding: , chunked") "0\r\n\r\n"),
    BAD("a comma behind chunked", 501,
	POST("Transfer-Encoding: chunked,") "0\r\n\r\n"),
    BAD("chunked in quotes", 501,
	POST("Transfer-Encoding: \"chunked\"") "0\r\n\r\n"),
    BAD("chunked with a parameter", 501,
	POST("Transfer-Encoding: chunked;q=1") "0\r\n\r\n"),
    BAD("an empty coding", 501, POST("Transfer-Encoding:") "0\r\n\r\n"),
    BAD("chunked behind a vertical tab", 400,
	POST("Transfer-Encoding: \vchunked") "0\r\n\r\n"),
    BAD("chunked with a blank before the colon", 400,
	POST("Transfer-Encoding : chunked") "0\r\n\r\n"),
    BAD("chunked on a folded line", 400,
	POST("Transfer-Encoding:\r\n chunked") "0\r\n\r\n"),
    BAD("chunked behind a blank", 400,
	POST("X-A: b\r\n Transfer-Encoding: chunked") "0\r\n\r\n"),
    BAD("chunked behind an LF", 400,
	POST("X-A: b\nTransfer-Encoding: chunked") "0\r\n\r\n"),
    BAD("chunks in HTTP/1.0", 400,
	"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),

    /* Expect. */
    BAD("another expectation", 417,
	POST("Content-Length: 5\r\nExpect: 200-ok") "hello"),
    BAD("one expectation too many", 417,
	POST("Content-Length: 5\r\nExpect: 100-continue, x") "hello"),
    BAD("an expectation twice", 417,
	POST("Content-Length: 5\r\nExpect: 100-continue\r\n"
	     "Expect: 100-continue") "hello"),
    BAD("an empty expectation", 417, FIELD("Expect:")),
};
const size_t http_n_bad_heads =
    sizeof(http_bad_heads) / sizeof(http_bad_heads[0]);

const char http_chunked_head[] = POST("Transfer-Encoding: chunked");

#define CHUNKS(name, bytes) BAD(name, 400, bytes)

const struct http_case http_bad_bodies[] = {
    CHUNKS("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size with a plus", "+5\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size with a minus", "-5\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a blank before a size", " 5\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a blank behind a size", "5 \r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a tab behind a size", "5\t\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("an empty size", "\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size of other letters", "g\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size with a NUL", "5\0\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size with an underscore", "1_0\r\n0123456789abcdef\r\n0\r\n\r\n"),
    CHUNKS("a size of 17 digits", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size of all ones", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size that wraps", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size above 2^53", "7fffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size line without CR", "5\nhello\r\n0\r\n\r\n"),
    CHUNKS("a size line without LF", "5\rhello\r\n0\r\n\r\n"),
    CHUNKS("another byte for an LF behind a size", "5\rXhello\r\n0\r\n\r\n"),
    CHUNKS("another byte for a CR behind data", "5\r\nhelloX\n0\r\n\r\n"),
    CHUNKS("another byte for an LF behind data", "5\r\nhello\rX0\r\n\r\n"),
    CHUNKS("another byte for a CR behind a trailer", "0\r\nX-A: bX\n\r\n"),
    CHUNKS("another byte for the last CR", "0\r\nX\n"),
    CHUNKS("data longer than its size", "5\r\nhello!\r\n0\r\n\r\n"),
    CHUNKS("data without CR behind it", "5\r\nhello\n0\r\n\r\n"),
    CHUNKS("data without LF behind it", "5\r\nhello\r0\r\n\r\n"),
    CHUNKS("no line end behind data", "5\r\nhello0\r\n\r\n"),
    CHUNKS("a blank before an extension", "5 ;a=b\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("an extension without CR", "5;a=b\nhello\r\n0\r\n\r\n"),
    CHUNKS("a CR in an extension", "5;a=\rb\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a NUL in an extension", "5;a=\0\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a high byte in an extension", "5;\200\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("an extension of 4097 bytes", "5;" A4096 "a\r\nhello\r\n0\r\n\r\n"),
    CHUNKS("a trailer without a colon", "0\r\nX-A\r\n\r\n"),
    CHUNKS("a trailer without a name", "0\r\n: b\r\n\r\n"),
    CHUNKS("a trailer with a blank before its colon", "0\r\nX : b\r\n\r\n"),
    CHUNKS("a folded trailer", "0\r\nX-A: b\r\n c\r\n\r\n"),
    CHUNKS("a trailer without CR", "0\r\nX-A: b\n\r\n"),
    CHUNKS("a CR in a trailer", "0\r\nX-A: b\rc\r\n\r\n"),
    CHUNKS("a NUL in a trailer", "0\r\nX-A: \0\r\n\r\n"),
    CHUNKS("trailers of 4097 bytes", "0\r\nX:" A4096 "\r\n\r\n"),
    CHUNKS("a last line without CR", "0\r\n\n"),
    CHUNKS("a last line without LF", "0\r\n\rX"),
};
const size_t http_n_bad_bodies =
    sizeof(http_bad_bodies) / sizeof(http_bad_bodies[0]);

#define SNS(fields) "POST /sns HTTP/1.1\r\n" HOST fields "\r\n\r\n"
#define TO(line) line " HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"
#define IN_IT "GET /smuggled HTTP/1.1\r\n" HOST "\r\n" /* 37 bytes */

const char http_sns_chunked_head[] = SNS("Transfer-Encoding: chunked");

const struct http_case http_bad_posts[] = {
    /* Methods. */
    BAD("GET", 405, TO("GET /sns")),
    BAD("GET without a body", 405, "GET /sns HTTP/1.1\r\n" HOST "\r\n"),
    BAD("HEAD", 405, TO("HEAD /sns")),
    BAD("PUT", 405, TO("PUT /sns")),
    BAD("DELETE", 405, TO("DELETE /sns")),
    BAD("OPTIONS", 405, TO("OPTIONS /sns")),
    BAD("PATCH", 405, TO("PATCH /sns")),
    BAD("TRACE", 405, TO("TRACE /sns")),
    BAD("M-SEARCH", 405, TO("M-SEARCH /sns")),
    BAD("POSTX", 405, TO("POSTX /sns")),

    /* Paths. */
    BAD("the root", 404, TO("POST /")),
    BAD("a slash behind", 404, TO("POST /sns/")),
    BAD("two slashes", 404, TO("POST //sns")),
    BAD("an empty query", 400, TO("POST /sns?")),
    BAD("a query", 404, TO("POST /sns?a=b")),
    BAD("another case", 404, TO("POST /SNS")),
    BAD("an escaped letter", 404, TO("POST /%73ns")),
    BAD("an escaped NUL", 404, TO("POST /sns%00")),
    BAD("an escaped slash", 404, TO("POST /sns%2f")),
    BAD("a dot", 404, TO("POST /./sns")),
    BAD("two dots", 404, TO("POST /a/../sns")),
    BAD("a parameter", 404, TO("POST /sns;a=b")),
    BAD("two dots and a parameter", 404, TO("POST /sns/..;/sns")),
    BAD("a path below", 404, TO("POST /sns/x")),

    /* No length, and chunks. */
    BAD("no length", 411, SNS("Accept: x")),
    BAD("no length, but a body", 411, SNS("Accept: x") IN_IT),
    BAD("a length of nothing", 411, SNS("Content-Length: 0")),
    BAD("a length of many zeros", 411, SNS("Content-Length: 0000000000000000")),
    BAD("a length of nothing and a body", 411, SNS("Content-Length: 0") IN_IT),
    BAD("chunked", 411, SNS("Transfer-Encoding: chunked") "0\r\n\r\n"),
    BAD("Chunked", 411, SNS("Transfer-Encoding: Chunked") "0\r\n\r\n"),
    BAD("chunked between blanks", 411,
	SNS("Transfer-Encoding: \t chunked \t") "0\r\n\r\n"),
    BAD("a request in a chunk", 411,
	SNS("Transfer-Encoding: chunked") "25\r\n" IN_IT "\r\n0\r\n\r\n"),
    BAD("a request behind chunks", 411,
	SNS("Transfer-Encoding: chunked") "0\r\n\r\n" IN_IT),
    BAD("chunks that do not end", 411,
	SNS("Transfer-Encoding: chunked") "ffffff\r\n" A4096),
    BAD("chunked and awaited", 411,
	SNS("Transfer-Encoding: chunked\r\nExpect: 100-continue")),

    /* Lengths that are too large, and others that are not the body's. */
    BAD("one byte too many", 413, SNS("Content-Length: 1048577")),
    BAD("ten gigabytes", 413, SNS("Content-Length: 10000000000") A4096),
    BAD("the most that may be said", 413,
	SNS("Content-Length: 9007199254740992") "x"),
    BAD("too much, and awaited", 413,
	SNS("Content-Length: 1048577\r\nExpect: 100-continue")),
    BAD("a length that is too short", 400, SNS("Content-Length: 1") "{}"),
    BAD("a request behind the body", 400, SNS("Content-Length: 2") "{}" IN_IT),
    BAD("a request in the body", 400, SNS("Content-Length: 37") IN_IT),
    BAD("a length that is too long", 400, SNS("Content-Length: 999") "{}"),
    BAD("in HTTP/1.0", 400,
	"POST /sns HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"),
    BAD("kept in HTTP/1.0", 400,
	"POST /sns HTTP/1.0\r\nConnection: keep-alive\r\n"
	"Content-Length: 2\r\n\r\n{}"),
    BAD("a length that a hop takes away", 400,
	SNS("Connection: content-length\r\nContent-Length: 2") "{}"),
    BAD("a change to HTTP/2", 400,
	SNS("Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\n"
	    "HTTP2-Settings: AAMAAABk\r\nContent-Length: 2") "{}"),
    BAD("a coding of the content", 400,
	SNS("Content-Encoding: gzip\r\nContent-Length: 4") "\037\213\010\0"),
    BAD("a range", 400,
	SNS("Content-Range: bytes 0-1/2\r\nContent-Length: 2") "{}"),

    /* Bodies. */
    BAD("an array", 400, SNS("Content-Length: 2") "[]"),
    BAD("a null", 400, SNS("Content-Length: 4") "null"),
    BAD("a string", 400, SNS("Content-Length: 3") "\"x\""),
    BAD("two objects", 400, SNS("Content-Length: 4") "{}{}"),
    BAD("an open object", 400, SNS("Content-Length: 1") "{"),
    BAD("a mark of the byte order", 400,
	SNS("Content-Length: 5") "\357\273\277{}"),
    BAD("UTF-16", 400, SNS("Content-Length: 4") "{\0}\0"),
    BAD("no UTF-8", 400, SNS("Content-Length: 2") "\377\376"),
    BAD("a NUL behind", 400, SNS("Content-Length: 3") "{}\0"),
    BAD("only a Type", 400,
	SNS("Content-Length: 23") "{\"Type\":\"Notification\"}"),
    BAD("a form", 400,
	SNS("Content-Type: application/x-www-form-urlencoded\r\n"
	    "Content-Length: 3") "a=b"),

    /* Raw delivery. */
    BAD("raw", 400,
	SNS("x-amz-sns-rawdelivery: true\r\nContent-Length: 2") "{}"),
    BAD("raw, in other letters", 400,
	SNS("X-AMZ-SNS-RAWDELIVERY: TRUE\r\nContent-Length: 2") "{}"),
    BAD("raw or not", 400,
	SNS("x-amz-sns-rawdelivery: false\r\nContent-Length: 2") "{}"),
};
const size_t http_n_bad_posts =
    sizeof(http_bad_posts) / sizeof(http_bad_posts[0]);

const struct http_case http_good[] = {
    GOOD("the least that is allowed", "GET /echo? 0:", GET(HOST)),
    GOOD("a query",
	"GET /echo?a=b&c=%20/? 0:", LINE("GET /echo?a=b&c=%20/? HTTP/1.1")),
    GOOD("an empty query", "GET /echo? 0:", LINE("GET /echo? HTTP/1.1")),
    GOOD("an escape in the path",
	"GET /echo/%2e%2E? 0:", LINE("GET /echo/%2e%2E HTTP/1.1")),
    GOOD("a Host with a port", "GET /echo? 0:", GET("Host: a.b-c_d:8080\r\n")),
    GOOD("a Host in brackets", "GET /echo? 0:", GET("Host: [::1]:80\r\n")),
    GOOD("no blank behind the colon", "GET /echo? 0:", GET("Host:a\r\n")),
    GOOD("blanks around a value", "GET /echo? 0:", GET("host: \ta \t\r\n")),
    GOOD("an empty value", "GET /echo? 0:", FIELD("X-A:")),
    GOOD("a high byte in a value", "GET /echo? 0:", FIELD("X-A: \351")),
    GOOD("an odd but legal name", "GET /echo? 0:", FIELD("!#$%&'*+-.^_`|~: b")),
    GOOD("one empty line in front", "GET /echo? 0:", "\r\n" GET(HOST)),
    GOOD("a length of zero", "POST /echo? 0:", POST("Content-Length: 0")),
    GOOD("a body", "POST /echo? 5:hello", POST("Content-Length: 5") "hello"),
    GOOD("a length with zeros in front", "POST /echo? 5:hello",
	POST("Content-Length: 0000000000000005") "hello"),
    GOOD("a body that looks like a request", "POST /echo? 19:GET / HTTP/1.1",
	POST("Content-Length: 19") "GET / HTTP/1.1\r\nA\r\n"),
    GOOD("a method of one's own",
	"M-SEARCH /echo? 0:", LINE("M-SEARCH /echo HTTP/1.1")),
    GOOD("chunks", "POST /echo? 11:hello world",
	POST("Transfer-Encoding: chunked") "5\r\nhello\r\n6\r\n "
					   "world\r\n0\r\n\r\n"),
    GOOD("chunks by another case", "POST /echo? 5:hello",
	POST("transfer-encoding:Chunked") "5\r\nhello\r\n0\r\n\r\n"),
    GOOD("no chunk but the last",
	"POST /echo? 0:", POST("Transfer-Encoding: chunked") "0\r\n\r\n"),
    GOOD("sizes in both cases, with zeros",
	"POST /echo? 20:0123456789abcdefghij",
	POST("Transfer-Encoding: chunked") "000000000000000a\r\n0123456789\r\n0"
					   "A\r\nabcdefghij\r\n000\r\n\r\n"),
    GOOD("an extension and trailers", "POST /echo? 5:hello",
	POST("Transfer-Encoding: chunked") "5;a=\"b\";c\r\nhello\r\n0;d\r\nX-A:"
					   " b\r\nContent-Length: 9\r\n\r\n"),
    GOOD("an extension of 4096 bytes", "POST /echo? 5:hello",
	POST("Transfer-Encoding: chunked") "5;" A4096 "\r\nhello\r\n0\r\n\r\n"),
    GOOD("other options of the connection",
	"GET /echo? 0:", FIELD("Connection: Keep-Alive, closed, x-close")),
};
const size_t http_n_good = sizeof(http_good) / sizeof(http_good[0]);
