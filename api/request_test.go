package api

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRequest_IdempotencyKey(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	for key, code := range map[string]string{
		"a": "", strings.Repeat("k", 128): "", "!~": "",
		strings.Repeat("k", 129): "idempotency.key_malformed",
		"a b":                    "idempotency.key_malformed",
		"ключ":                   "idempotency.key_malformed",
	} {
		status := 400
		if code == "" {
			status = 200
		}
		Scenario{Method: "POST", Path: "/api/v1/things", Token: nurseToken, Body: "{}", Headers: map[string]string{"Idempotency-Key": key},
			Status: status, Code: code, Absent: []string{"ключ"}}.Run(t, base)
	}
	r := httptest.NewRequest("POST", "/", nil)
	r.Header["Idempotency-Key"] = []string{"a", "b"}
	if _, err := idempotencyKey(r.Header); err != errKeyMalformed {
		t.Errorf("two keys: %v", err)
	}
	r.Header["Idempotency-Key"] = []string{""}
	if _, err := idempotencyKey(r.Header); err != errKeyMalformed {
		t.Errorf("empty key: %v", err)
	}
}

func TestRequest_IfMatch(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	for tag, ok := range map[string]bool{
		`"1"`: true, `"0"`: true, `"9223372036854775807"`: true,
		`1`: false, `W/"1"`: false, `*`: false, `"1", "2"`: false, `"01"`: false, `"+1"`: false, `"-1"`: false,
		`"9223372036854775808"`: false, `""`: false, `"`: false, `"canary"`: false,
	} {
		sc := Scenario{Name: tag, Method: "PATCH", Path: "/api/v1/things/7", Token: nurseToken, Body: "{}",
			Headers: map[string]string{"If-Match": tag}, Status: 200}
		if !ok {
			sc.Status, sc.Code, sc.Absent = 400, "precondition.malformed", []string{"canary"}
		}
		sc.Run(t, base)
	}
}

func TestRequest_Query(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	RunAll(t, base, []Scenario{
		{Path: "/api/v1/things?limit=5", Token: nurseToken, Status: 200, Contains: []string{`["5"]`}},
		{Path: "/api/v1/things?limit=5&limit=6", Token: nurseToken, Status: 422, Code: "query.duplicate_parameter", Contains: []string{`"/limit"`}},
		{Path: "/api/v1/things?limt=canary", Token: nurseToken, Status: 422, Code: "query.unknown_parameter",
			Contains: []string{`"/limt"`}, Absent: []string{"canary"}},
		{Path: "/api/v1/things?b=1&a=2", Token: nurseToken, Status: 422, Code: "query.unknown_parameter",
			Contains: []string{`[{"pointer":"/a","code":"query.unknown_parameter"},{"pointer":"/b","code":"query.unknown_parameter"}]`}},
		{Path: "/api/v1/things?%D0%90%D0%B9%D0%B3%D1%83%D0%BB%D1%8C=1", Token: nurseToken, Status: 422, Code: "query.unknown_parameter",
			Contains: []string{`"/*"`}, Absent: []string{"Айгуль"}},
		{Path: "/api/v1/things?limit=%zz", Token: nurseToken, Status: 400, Code: "query.malformed"},
		{Path: "/api/v1/things?limit=1;x=2", Token: nurseToken, Status: 400, Code: "query.malformed"},
	})
}

func TestRequest_Body(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	media := func(v string) map[string]string { return map[string]string{"Content-Type": v} }
	RunAll(t, base, []Scenario{
		{Name: "no body needs no type", Method: "POST", Path: "/api/v1/open", Status: 200},
		{Name: "charset", Method: "POST", Path: "/api/v1/open", Headers: media("application/json; charset=UTF-8"), Body: "{}", Status: 200},
		{Name: "wrong charset", Method: "POST", Path: "/api/v1/open", Headers: media("application/json; charset=cp1251"), Body: "{}", Status: 415, Code: "body.media_type"},
		{Name: "no type", Method: "POST", Path: "/api/v1/open", Headers: media(""), Body: "{}", Status: 415, Code: "body.media_type"},
		{Name: "encoded", Method: "POST", Path: "/api/v1/open", Headers: map[string]string{"Content-Encoding": "gzip"}, Body: "{}", Status: 415, Code: "body.media_type"},
		{Name: "two values", Method: "POST", Path: "/api/v1/open", Body: "{}{}", Status: 400, Code: "body.malformed"},
		{Name: "not UTF-8", Method: "POST", Path: "/api/v1/open", Body: "\"\xff\"", Status: 400, Code: "body.malformed"},
		{Name: "deep", Method: "POST", Path: "/api/v1/open", Body: strings.Repeat("[", 20000) + strings.Repeat("]", 20000), Status: 400, Code: "body.malformed"},
		{Name: "repeated names are for binding", Method: "POST", Path: "/api/v1/open", Body: `{"a":1,"a":2}`, Status: 200},
		{Name: "at the limit", Method: "POST", Path: "/api/v1/open", Body: bodyOf(64 << 10), Status: 200},
		{Name: "over the limit", Method: "POST", Path: "/api/v1/open", Body: bodyOf(64<<10 + 1), Status: 413, Code: "body.too_large"},
	})
}

func TestRequest_ChunkedBodyIsLimited(t *testing.T) {
	t.Parallel()
	req := httptest.NewRequest("POST", "/api/v1/open", strings.NewReader(bodyOf(64<<10+1)))
	req.ContentLength = -1 // as a chunked body has
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	newFake().router(fakeRoutes()).ServeHTTP(w, req)
	if w.Code != 413 {
		t.Errorf("status %d", w.Code)
	}
}

func TestRequest_BodyHashTellsRequestsApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, r := range [][3]string{{"POST", "/a", "b"}, {"POST", "/a", "c"}, {"PUT", "/a", "b"}, {"POST", "/b", "b"}, {"POST", "/a%0Ab", ""}, {"POST", "/a", "b\n"}} {
		hash := bodyHash(httptest.NewRequest(r[0], r[1], nil), []byte(r[2]))
		if other, ok := seen[hash]; ok {
			t.Errorf("%v and %s have one hash", r, other)
		}
		seen[hash] = strings.Join(r[:], " ")
	}
}
