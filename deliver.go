package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/smtp"
	"net/textproto"
	"strings"
	"sync"
	"syscall"
	"time"

	"jol/models"
	"jol/models/store"
)

// The sender of notices. What it sends says nothing: a webhook gets a random id, a mailbox
// the same sentence every time. It runs beside the service and outside every transaction.

const (
	deliverEvery  = 5 * time.Second
	sendTimeout   = 10 * time.Second
	claimAtOnce   = 32
	sendingAtOnce = 8 // 32 messages at 10 s each, 8 at a time, stay well within the lease of 2 minutes
)

// courier sends one message.
type courier struct {
	rule models.ContactRule
	mail mailbox
	web  *http.Client
}

// mailbox is the mail server that takes the messages.
type mailbox struct{ addr, from, user, password string }

func newCourier(rule models.ContactRule, mail mailbox) *courier {
	dialer := &net.Dialer{Timeout: sendTimeout, Control: reachable(rule)}
	return &courier{rule: rule, mail: mail, web: &http.Client{
		Timeout: sendTimeout,
		Transport: &http.Transport{ // no proxy from the environment: it would look at the address instead of us
			DialContext: dialer.DialContext, TLSHandshakeTimeout: sendTimeout, ResponseHeaderTimeout: sendTimeout,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

var errUnreachable = errors.New("the address is not one that may be called")

// reachable looks at the address that a name led to, when the connection is made: between
// a look before and the call the name could lead elsewhere.
func reachable(rule models.ContactRule) func(string, string, syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !rule.Reaches(ap.Addr()) {
			return errUnreachable
		}
		return nil
	}
}

func (c *courier) send(ctx context.Context, d store.Delivery) error {
	if err := models.CheckDutyContact(d.Channel, d.Target, 1, c.rule); err != nil { // the rule may have changed since
		return errUnreachable
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if d.Channel == models.ChannelWebhook {
		return c.post(ctx, d)
	}
	return c.mail.send(ctx, d)
}

// post calls a webhook. Jol-Signature is HMAC-SHA-256 over the time, a dot and the body.
func (c *courier) post(ctx context.Context, d store.Delivery) error {
	body, err := json.Marshal(map[string]string{"notice": d.NoticeID})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Target, bytes.NewReader(body))
	if err != nil {
		return errUnreachable
	}
	at := fmt.Sprint(models.Now().Unix())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "jol")
	req.Header.Set("Jol-Time", at)
	req.Header.Set("Jol-Signature", "v1="+signature(d.Key, at, body))
	res, err := c.web.Do(req)
	if err != nil {
		return errors.New("no answer") // the library's message holds the address
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return nil
}

func signature(key []byte, at string, body []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(at + "."))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// mailText is all that a mail ever says.
const mailText = "A notice waits for your organisation. Please sign in and open the list of notices.\r\n\r\n" +
	"Для вашей организации есть уведомление. Войдите в систему и откройте список уведомлений.\r\n\r\n" +
	"Ұйымыңызға хабарлама бар. Жүйеге кіріп, хабарламалар тізімін ашыңыз.\r\n"

// send hands the mail to the server, encrypted unless the server is this machine.
func (m mailbox) send(ctx context.Context, d store.Delivery) error {
	if m.addr == "" {
		return errors.New("no mail server is configured")
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.addr)
	if err != nil {
		return errors.New("the mail server does not answer")
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if err := m.hand(conn, d); err != nil {
		var refused *textproto.Error
		if errors.As(err, &refused) { // its text may hold the address
			return fmt.Errorf("the mail server refused: %d", refused.Code)
		}
		return errors.New("the mail server did not take it")
	}
	return nil
}

func (m mailbox) hand(conn net.Conn, d store.Delivery) error {
	host, port, err := net.SplitHostPort(m.addr)
	if err != nil {
		return err
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if port == "465" {
		conn = tls.Client(conn, secure)
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if port != "465" && !loopback(m.addr) {
		if err := client.StartTLS(secure); err != nil {
			return err
		}
	}
	if m.user != "" {
		if err := client.Auth(smtp.PlainAuth("", m.user, m.password, host)); err != nil {
			return err
		}
	}
	if err := client.Mail(m.from); err != nil {
		return err
	}
	if err := client.Rcpt(d.Target); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, m.message(d)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return client.Quit()
}

// message is the same for everybody but for address and message id, which a mailbox needs
// to tell a repetition from a second message.
func (m mailbox) message(d store.Delivery) string {
	_, domain, _ := strings.Cut(m.from, "@")
	return "From: " + m.from + "\r\nTo: " + d.Target + "\r\nSubject: Jol: a notice waits\r\nDate: " + models.Now().Format(time.RFC1123Z) +
		"\r\nMessage-ID: <" + d.ID + "@" + domain + ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(mailText)) + "\r\n"
}

// startDelivery sends until the context ends; stop waits for what is under way.
func startDelivery(ctx context.Context, s *store.Store, c *courier, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(deliverEvery)
		defer tick.Stop()
		for {
			deliver(ctx, store.NewOutbox(s), c.send, logger)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// deliver raises what is due and sends what waits, once. What goes wrong is logged without
// an address and comes again.
func deliver(ctx context.Context, box *store.Outbox, send func(context.Context, store.Delivery) error, logger *slog.Logger) {
	for more := true; more; {
		var err error
		if more, err = box.Raise(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			logger.Error("notices cannot be raised", "error", err)
			return
		}
	}
	messages, err := box.Claim(ctx, claimAtOnce)
	if err != nil {
		logger.Error("notices cannot be taken", "error", err)
		return
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, sendingAtOnce)
	for _, m := range messages {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			deliverOne(ctx, box, send, m, logger)
		})
	}
	wg.Wait()
}

func deliverOne(ctx context.Context, box *store.Outbox, send func(context.Context, store.Delivery) error, m store.Delivery, logger *slog.Logger) {
	waits, err := box.Waits(ctx, m.ID)
	if err != nil || !waits {
		return
	}
	failed := send(ctx, m)
	if failed != nil {
		logger.Warn("a notice was not delivered", "channel", m.Channel, "reason", failed.Error())
	}
	if err := box.Settle(context.WithoutCancel(ctx), m.ID, failed == nil); err != nil { // sent is sent, also at shutdown
		logger.Error("a notice cannot be settled", "error", err)
	}
}
