// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"fmt"
	"strings"
)

// sent is something that no API server sends.
type sent struct{ name, body string }

// malformed returns bodies, most of them a good review with one thing wrong.
func malformed(good string) []sent {
	instead := func(old, now string) string { return strings.Replace(good, old, now, 1) }
	before := func(what, now string) string { return instead(what, now+what) }
	const head = `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",`
	// Where things stand in the good one.
	const (
		kind, version, request = `"kind":"AdmissionReview"`, `"apiVersion":"admission.k8s.io/v1"`, `"request":{`
		uid                    = `"uid":"00000000-0000-0000-0000-000000000001"`
		operation, user        = `"operation":"UPDATE"`, `"userInfo":{`
		object, old            = `"object":{`, `"oldObject":{`
	)
	return []sent{
		// No JSON, or not one value of it.
		{"empty", ""},
		{"space", " \n\t "},
		{"one letter", "x"},
		{"NUL", "\x00"},
		{"byte order mark", "\ufeff" + good},
		{"UTF-16", "\xff\xfe{\x00}\x00"},
		{"YAML", "kind: AdmissionReview\napiVersion: admission.k8s.io/v1\nrequest: {uid: a, operation: CREATE}\n"},
		{"YAML document mark", "---\n" + good},
		{"protobuf", "k8s\x00\n\x1e\n\x13admission.k8s.io/v1\x12\x0fAdmissionReview\x12\x00"},
		{"CBOR", "\xd9\xd9\xf7\xa1dkindoAdmissionReview"},
		{"gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"},
		{"form", "kind=AdmissionReview&request=1"},
		{"XML", "<AdmissionReview/>"},
		{"JSON with a comment", before(kind, "/* hello */")},
		{"JSON5", instead(kind, `kind:'AdmissionReview'`)},
		{"comma too many", before(kind, ",")},
		{"comma missing", instead(`,"request"`, ` "request"`)},
		{"comma at the end", good[:len(good)-1] + ",}"},
		{"brace missing", good[:len(good)-1]},
		{"brace too many", good + "}"},
		{"half of it", good[:len(good)/2]},
		{"all but the first byte", good[1:]},
		{"two reviews", good + good},
		{"a letter behind it", good + "x"},
		{"NUL behind it", good + "\x00"},
		{"NUL in a string", instead(uid, "\"uid\":\"a\x00b\"")},
		{"line break in a string", instead(uid, "\"uid\":\"a\nb\"")},
		{"invalid UTF-8 in a string", instead(uid, "\"uid\":\"\xff\"")},
		{"half a code point", instead(uid, "\"uid\":\"\xe2\x82\"")},
		{"overlong UTF-8", instead(uid, "\"uid\":\"\xc0\x80\"")},
		{"surrogate as UTF-8", instead(uid, "\"uid\":\"\xed\xa0\x80\"")},
		{"lone surrogate escaped", instead(uid, `"uid":"\ud800"`)},
		{"broken escape", instead(uid, `"uid":"\q"`)},
		{"infinite number", before(`"operation"`, `"dryRun":1e999999,`)},
		{"octal number", before(`"operation"`, `"dryRun":007,`)},
		{"NaN", before(`"operation"`, `"dryRun":NaN,`)},

		// JSON, but no review.
		{"null", "null"},
		{"true", "true"},
		{"number", "42"},
		{"string", `"AdmissionReview"`},
		{"array", "[" + good + "]"},
		{"empty object", "{}"},
		{"Pod", `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web"}}`},
		{"List of reviews", `{"kind":"List","apiVersion":"v1","items":[` + good + `]}`},
		{"other kind", instead(kind, `"kind":"AdmissionRequest"`)},
		{"kind in another case", instead(kind, `"kind":"admissionreview"`)},
		{"no kind", instead(kind+",", "")},
		{"kind is null", instead(kind, `"kind":null`)},
		{"kind is a number", instead(kind, `"kind":1`)},
		{"no apiVersion", instead(version+",", "")},
		{"v1beta1", instead(version, `"apiVersion":"admission.k8s.io/v1beta1"`)},
		{"other group", instead(version, `"apiVersion":"admission.example.com/v1"`)},
		{"doubled kind", before(kind, kind+",")},
		{"kind's name in another case", instead(`"kind":`, `"Kind":`)},

		// A review, but no request.
		{"no request", head[:len(head)-1] + "}"},
		{"request is null", head + `"request":null}`},
		{"request is empty", head + `"request":{}}`},
		{"request is an array", head + `"request":[]}`},
		{"request is a string", head + `"request":"x"}`},
		{"response instead", head + `"response":{"uid":"a","allowed":true}}`},
		{"response besides, no request", head + `"request":null,"response":{"uid":"a","allowed":true}}`},
		{"request's name in another case", instead(request, `"Request":{`)},
		{"doubled request", before(request, `"request":{},`)},
		{"doubled request, null first", before(request, `"request":null,"request":null,`)},

		// A request with something missing, of another type, or said twice.
		{"no uid", instead(uid+",", "")},
		{"uid is empty", instead(uid, `"uid":""`)},
		{"uid is null", instead(uid, `"uid":null`)},
		{"uid is a number", instead(uid, `"uid":1`)},
		{"uid is an object", instead(uid, `"uid":{}`)},
		{"uid in another case", instead(uid, strings.Replace(uid, "uid", "UID", 1))},
		{"doubled uid", before(uid, `"uid":"b",`)},
		{"doubled uid, escaped", before(uid, `"\u0075id":"b",`)},
		{"no operation", instead(operation+",", "")},
		{"unknown operation", instead(operation, `"operation":"PATCH"`)},
		{"operation in another case", instead(operation, `"operation":"Update"`)},
		{"operation is a list", instead(operation, `"operation":["UPDATE"]`)},
		{"doubled operation", before(operation, `"operation":"CONNECT",`)},
		{"no object", instead(object, `"other":{`)},
		{"object is null", instead(object, `"object":null,"other":{`)},
		{"object is a string", instead(object, `"object":"x","other":{`)},
		{"object is a list", instead(object, `"object":[],"other":{`)},
		{"doubled object", before(object, `"object":{},`)},
		{"object of a kind that is a number", instead(object, `"object":{"kind":7,"`+`apiVersion":"v1"},"other":{`)},
		{"object of a broken version", instead(object, `"object":{"kind":"Pod","apiVersion":"a/b/c"},"other":{`)},
		{"object's metadata is a list", instead(object, `"object":{"metadata":[]},"other":{`)},
		{"object's name is a number", instead(object, `"object":{"metadata":{"name":7}},"other":{`)},
		{"object's labels are a list", instead(object, `"object":{"metadata":{"labels":["a"]}},"other":{`)},
		{"object's label is an object", instead(object, `"object":{"metadata":{"labels":{"a":{}}}},"other":{`)},
		{"object with a broken time", instead(object, `"object":{"metadata":{"creationTimestamp":"yesterday"}},"other":{`)},
		{"object with invalid UTF-8", instead(object, "\"object\":{\"metadata\":{\"name\":\"\xff\"}},\"other\":{")},
		{"no old object", instead(old, `"other":{`)},
		{"old object is null", instead(old, `"oldObject":null,"other":{`)},
		{"old object's metadata is a list", instead(old, `"oldObject":{"metadata":[]},"other":{`)},
		{"user is a string", instead(user, `"userInfo":"ada","other":{`)},
		{"groups are a string", instead(user, `"userInfo":{"groups":"a"},"other":{`)},
		{"resource is a string", before(operation, `"resource":"pods",`)},
		{"name is a number", before(operation, `"name":7,`)},
		{"dry run is a string", before(operation, `"dryRun":"true",`)},

		// Too much of something.
		{"deep in the envelope", before(uid, `"options":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+",")},
		{"deep and never closed", strings.Repeat("[", 1<<20)},
		{"deep objects", strings.Repeat(`{"a":`, 200_000)},
		{"deep request", head + strings.Repeat(`"request":{`, 20_000)},
		{"many members", before(uid, members(100_000))},
		{"long name", before(uid, `"`+strings.Repeat("a", 1<<20)+`":1,"`+strings.Repeat("b", 1<<20)+`":1,"uid":"b",`)},
	}
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"m%d":0,`, i)
	}
	return b.String()
}

// rawRequests returns whole requests that are wrong below the body.
func rawRequests(good string) []sent {
	const start = "POST /validate HTTP/1.1\r\nHost: x\r\n"
	const typed = start + "Content-Type: application/json\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(good))
	return []sent{
		{"not HTTP", "hello\r\n\r\n"},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{"HTTP/3.0", "POST /validate HTTP/3.0\r\nHost: x\r\n" + length + "\r\n" + good},
		{"no host", "POST /validate HTTP/1.1\r\nContent-Type: application/json\r\n" + length + "\r\n" + good},
		{"two hosts", start + "Host: y\r\nContent-Type: application/json\r\n" + length + "\r\n" + good},
		{"GET with a review", strings.Replace(typed, "POST", "GET", 1) + length + "\r\n" + good},
		{"PUT with a review", strings.Replace(typed, "POST", "PUT", 1) + length + "\r\n" + good},
		{"no content type", start + length + "\r\n" + good},
		{"YAML by its type", start + "Content-Type: application/yaml\r\n" + length + "\r\n" + good},
		{"protobuf by its type", start + "Content-Type: application/vnd.kubernetes.protobuf\r\n" + length + "\r\n" + good},
		{"no length", typed + "\r\n" + good},
		{"length too short", typed + fmt.Sprintf("Content-Length: %d\r\n", len(good)-1) + "\r\n" + good},
		{"length too long", typed + fmt.Sprintf("Content-Length: %d\r\n", len(good)+1) + "\r\n" + good},
		{"length negative", typed + "Content-Length: -1\r\n\r\n" + good},
		{"length without end", typed + "Content-Length: 99999999999999999999\r\n\r\n" + good},
		{"two lengths", typed + length + "Content-Length: 2\r\n\r\n" + good},
		{"broken chunks", typed + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + good},
		{"chunks cut short", typed + "Transfer-Encoding: chunked\r\n\r\nffff\r\n" + good},
		{"unknown encoding", typed + "Transfer-Encoding: gzip\r\n\r\n" + good},
		{"said to be compressed", typed + "Content-Encoding: gzip\r\n" + length + "\r\n" + good},
		{"21 MiB announced", typed + fmt.Sprintf("Content-Length: %d\r\n\r\n", 21<<20)},
		{"space in a header's name", typed + "X Y: z\r\n" + length + "\r\n" + good},
		{"header folded", typed + "X: a\r\n b\x00\r\n" + length + "\r\n" + good},
		{"path with a NUL", strings.Replace(typed, "/validate", "/validate%00", 1) + length + "\r\n" + good},
		{"other path", strings.Replace(typed, "/validate", "/", 1) + length + "\r\n" + good},
		{"broken escape in the path", strings.Replace(typed, "/validate", "/%zz", 1) + length + "\r\n" + good},
	}
}
