package api

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A request in flight when the service is told to stop is finished; new ones are not taken.
func TestServe_DrainsRequestsInFlight(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	ctx, stop := context.WithCancel(t.Context())
	l := listen(t)
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, l, slow, ServeOptions{Logger: slog.New(slog.DiscardHandler), Drain: time.Minute})
	}()
	answered := make(chan string, 1)
	go func() { answered <- fetch(t.Context(), "http://"+l.Addr().String()) }()
	<-entered
	stop()
	for { // until the listener is closed
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	close(release)
	if got := <-answered; got != "done" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func fetch(ctx context.Context, url string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

func TestServe_GivesUpAfterTheDrainTime(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	stuck := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	ctx, stop := context.WithCancel(t.Context())
	l := listen(t)
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, l, stuck, ServeOptions{Logger: slog.New(slog.DiscardHandler), Drain: time.Millisecond})
	}()
	go fetch(t.Context(), "http://"+l.Addr().String())
	<-entered
	stop()
	if err := <-served; err == nil {
		t.Error("an incomplete drain was reported as complete")
	}
}

func TestServe_ConnectionLogDropsAddresses(t *testing.T) {
	t.Parallel()
	out := &syncBuffer{}
	w := connectionLog{slog.New(slog.NewTextHandler(out, nil))}
	for _, line := range []string{
		"http: TLS handshake error from 192.0.2.1:99: canary", "http: panic serving 192.0.2.1:99: canary",
		"http: Accept error: too many open files; retrying in 5ms",
	} {
		_, _ = io.WriteString(w, line)
	}
	log := out.String()
	if strings.Contains(log, "192.0.2.1") || strings.Contains(log, "canary") || !strings.Contains(log, "too many open files") {
		t.Errorf("log: %s", log)
	}
}
