package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"jol/models"
	"jol/models/store"
)

// A webhook gets the id of the notice and a signature, and nothing else.
func TestCourier_PostsTheIdAndNothingElse(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer hook.Close()
	d := store.Delivery{ID: "delivery", NoticeID: "notice-id", Channel: models.ChannelWebhook, Target: hook.URL + "/jol", Key: []byte("key")}
	if err := newCourier(demoWebhooks, mailbox{}).send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if string(body) != `{"notice":"notice-id"}` || got.Header.Get("Jol-Signature") != "v1="+signature(d.Key, got.Header.Get("Jol-Time"), body) || len(got.Header) > 7 {
		t.Errorf("%s %v", body, got.Header)
	}
}

// What must not be called is not called: not by its address, not by a name that leads to
// it, not by a redirection.
func TestCourier_CallsNoInnerAddress(t *testing.T) {
	t.Parallel()
	called := false
	inner := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer inner.Close()
	_, port, _ := net.SplitHostPort(inner.Listener.Addr().String())
	careful := newCourier(models.ContactRule{}, mailbox{})
	for _, target := range []string{inner.URL, "https://localhost:" + port, "https://127.0.0.1.:" + port} {
		if err := careful.send(t.Context(), store.Delivery{Channel: models.ChannelWebhook, Target: target}); err == nil {
			t.Errorf("%s was called", target)
		}
	}
	// Past the check of the address, at the connection itself.
	plain := httptest.NewServer(inner.Config.Handler)
	defer plain.Close()
	if err := careful.post(t.Context(), store.Delivery{Target: plain.URL}); err == nil || called {
		t.Errorf("connected: %v", err)
	}
	away := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusTemporaryRedirect))
	defer away.Close()
	err := newCourier(demoWebhooks, mailbox{}).send(t.Context(), store.Delivery{Channel: models.ChannelWebhook, Target: away.URL})
	if err == nil || called || strings.Contains(err.Error(), port) {
		t.Errorf("redirected: %v", err)
	}
}

// A mail says the same to everybody.
func TestCourier_MailHasNoContent(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	said := make(chan string, 1)
	go func() { said <- smtpServer(listener) }()
	c := newCourier(models.ContactRule{}, mailbox{addr: listener.Addr().String(), from: "jol@ministry.example"})
	if err := c.send(t.Context(), store.Delivery{ID: "delivery-id", NoticeID: "notice-id", Channel: models.ChannelEmail, Target: "duty@clinic.example"}); err != nil {
		t.Fatal(err)
	}
	mail := <-said
	for _, want := range []string{"To: duty@clinic.example", "Subject: Jol: a notice waits", base64.StdEncoding.EncodeToString([]byte(mailText))[:60], "Message-ID: <delivery-id@"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the mail lacks %q: %s", want, mail)
		}
	}
	if strings.Contains(mail, "notice-id") {
		t.Error("the mail has the id of the notice")
	}
	if err := newCourier(models.ContactRule{}, mailbox{}).send(t.Context(), store.Delivery{Channel: models.ChannelEmail, Target: "duty@clinic.example"}); err == nil {
		t.Error("sent without a mail server")
	}
}

// smtpServer takes one mail and returns it.
func smtpServer(listener net.Listener) string {
	conn, err := listener.Accept()
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	say := func(line string) { _, _ = fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 test")
	lines := bufio.NewScanner(conn)
	var mail strings.Builder
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "DATA":
			say("354 go on")
			for lines.Scan() && lines.Text() != "." {
				mail.WriteString(lines.Text() + "\n")
			}
			say("250 taken")
		case line == "QUIT":
			say("221 bye")
			return mail.String()
		default:
			say("250 ok")
		}
	}
	return mail.String()
}
