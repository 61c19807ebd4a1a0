package api

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"jol/handlers"
)

// BenchmarkPublicRead compares a protocol step through the whole request path, its
// access log written to a file, with a bare handler of the HTTP library that returns
// the same bytes. Both answer on real sockets and take turns in one run, so that a
// busy machine slows both alike. The target is a ratio of at least 0.7.
func BenchmarkPublicRead(b *testing.B) {
	live := builtInOnly(b)
	const slug, step = "therapeutic-programme", "tp-oat-induction-methadone"
	body, ok := live.Catalog().Step(slug, step, "en")
	if !ok {
		b.Fatal("no such step")
	}
	bare := echo.New()
	bare.GET("/api/v1/protocols/:slug/steps/:step", func(c echo.Context) error {
		c.Response().Header().Set("Content-Length", strconv.Itoa(len(body.JSON))) // else it would be chunked, and slower
		return c.JSONBlob(http.StatusOK, body.JSON)
	})
	log, err := os.Create(filepath.Join(b.TempDir(), "access.log"))
	if err != nil {
		b.Fatal(err)
	}
	f := newFake()
	f.server.log, f.protocols = slog.New(slog.NewJSONHandler(log, nil)), live
	f.limits = newLimiter(Limits{Body: 1 << 10, Rate: 1e9, Burst: 1e9})
	full := f.router([]Route{{Method: http.MethodGet, Path: "/api/v1/protocols/:slug/steps/:step", Public: handlers.GetStep}})

	path := "/api/v1/protocols/" + slug + "/steps/" + step
	one, two := dial(b, bare, path), dial(b, full, path)
	const block = 200
	var bareTime, fullTime time.Duration
	for b.Loop() {
		bareTime += one.ask(b, block)
		fullTime += two.ask(b, block)
	}
	n := float64(b.N * block)
	b.ReportMetric(float64(bareTime.Nanoseconds())/n, "bare-ns/req")
	b.ReportMetric(float64(fullTime.Nanoseconds())/n, "full-ns/req")
	b.ReportMetric(float64(bareTime)/float64(fullTime), "ratio")
}

// wire is one kept-alive connection driven without an HTTP client, whose own cost
// would hide what is measured.
type wire struct {
	conn    net.Conn
	request []byte
	answer  []byte // as long as every answer to the request
}

func dial(b *testing.B, h http.Handler, path string) *wire {
	b.Helper()
	srv := httptest.NewServer(h)
	b.Cleanup(srv.Close)
	conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	w := &wire{conn: conn, request: []byte("GET " + path + " HTTP/1.1\r\nHost: jol\r\nAccept: application/json\r\n\r\n")}
	res, err := http.Get(srv.URL + path)
	if err != nil {
		b.Fatal(err)
	}
	content, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatal(res.Status, err)
	}
	// The first answer shows how long the head is; ids and dates have fixed lengths.
	if _, err := conn.Write(w.request); err != nil {
		b.Fatal(err)
	}
	var head []byte
	for !bytes.HasSuffix(head, content) {
		buf := make([]byte, 64<<10)
		n, err := conn.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		head = append(head, buf[:n]...)
	}
	w.answer = make([]byte, len(head))
	return w
}

func (w *wire) ask(b *testing.B, n int) time.Duration {
	start := time.Now()
	for range n {
		if _, err := w.conn.Write(w.request); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(w.conn, w.answer); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}
