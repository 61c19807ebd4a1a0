package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// ServeOptions says how to serve.
type ServeOptions struct {
	Logger *slog.Logger
	// CertFile and KeyFile turn on TLS when both are set.
	CertFile, KeyFile string
	// Drain is how long requests in flight may take to finish after the context ends.
	Drain time.Duration
}

// Timeouts of a connection. The slowest honest client sends 64 KiB over a mobile
// link; the slowest honest answer is an export.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10 // request line and headers; net/http adds 4 KiB of slack
)

// Serve answers on the listener until the context ends, then stops accepting, lets
// requests in flight finish for at most opt.Drain, and returns. It returns nil after a
// complete drain.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, opt ServeOptions) error {
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
		ErrorLog:          log.New(connectionLog{opt.Logger}, "", 0),
	}
	failed := make(chan error, 1)
	go func() {
		if opt.CertFile != "" && opt.KeyFile != "" {
			failed <- srv.ServeTLS(listener, opt.CertFile, opt.KeyFile)
			return
		}
		failed <- srv.Serve(listener)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	// The caller's context has ended; the drain needs one of its own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), opt.Drain)
	defer cancel()
	if err := srv.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("drain: %w", err), srv.Close())
	}
	return nil
}

// connectionLog passes net/http's own messages on without the peer's address and
// without what follows it, which can be a panic value or a peer's bytes.
type connectionLog struct{ log *slog.Logger }

// Write logs one message.
func (l connectionLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	for _, end := range []string{" from ", " serving ", ";"} {
		text, _, _ = strings.Cut(text, end)
	}
	l.log.Warn("connection", "event", text)
	return len(line), nil
}
