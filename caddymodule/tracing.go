package caddymodule

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/partnersign/partnersign/signer"
)

// tracerName is the scope of our spans.
const tracerName = "github.com/partnersign/partnersign"

// attempt is one attempt of x, and a span of it where the site's tracing
// directive has begun one that is recorded. Attributes are names, counts and
// times: errors, queries and headers may hold secrets.
func (t *Transport) attempt(x *signer.Exchange, req *http.Request) (*http.Response, error) {
	parent := trace.SpanFromContext(req.Context())
	if !parent.IsRecording() {
		return x.RoundTrip(req, t.base)
	}
	tracer := parent.TracerProvider().Tracer(tracerName)
	ctx, span := tracer.Start(req.Context(), "partnersign", trace.WithAttributes(attribute.String("partnersign.partner", t.partner.Name())))
	defer span.End()
	res, err := x.RoundTrip(req.WithContext(ctx), tracedCalls{t.base, tracer})
	if res != nil {
		res.Request = req
	}
	describe(span, x.Last())
	return res, err
}

// describe tells what became of an attempt.
func describe(span trace.Span, rec *signer.Record) {
	span.SetAttributes(
		attribute.String("http.request.method", rec.Method),
		attribute.Int("http.response.status_code", rec.Status),
		attribute.String("partnersign.outcome", string(rec.Outcome)),
		attribute.Int("partnersign.attempts", rec.Attempts),
	)
	for phase, took := range rec.Phases {
		if took > 0 {
			span.SetAttributes(attribute.Float64("partnersign.seconds."+signer.Phase(phase).String(), took.Seconds()))
		}
	}
	switch {
	case rec.Problem != nil:
		span.SetAttributes(attribute.String("error.type", rec.Problem.Name))
	case rec.Outcome != signer.Answered:
		span.SetAttributes(attribute.String("error.type", string(rec.Outcome)))
	default:
		return
	}
	span.SetStatus(codes.Error, "")
}

// tracedCalls makes a span of each call to the partner: of each time that a
// request is sent, and of those that it needs first.
type tracedCalls struct {
	base   http.RoundTripper
	tracer trace.Tracer
}

func (c tracedCalls) RoundTrip(req *http.Request) (*http.Response, error) {
	return traceCall(c.tracer, c.base, req, attribute.String("server.address", req.Host), attribute.String("url.path", req.URL.EscapedPath()))
}

// traceCall is told the request itself, and not one with another context: who
// has made it watches what becomes of it.
func traceCall(tracer trace.Tracer, base http.RoundTripper, req *http.Request, where ...attribute.KeyValue) (*http.Response, error) {
	_, span := tracer.Start(req.Context(), req.Method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", req.Method)), trace.WithAttributes(where...))
	defer span.End()
	res, err := base.RoundTrip(req)
	switch {
	case err != nil:
		span.SetStatus(codes.Error, "")
	case res.StatusCode >= http.StatusBadRequest:
		span.SetStatus(codes.Error, "")
		fallthrough
	default:
		span.SetAttributes(attribute.Int("http.response.status_code", res.StatusCode))
	}
	return res, err
}

// tracedContext carries the span of a request over to the call for a token that
// it begins, and nothing else.
func tracedContext(ctx context.Context) context.Context {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		return trace.ContextWithSpan(context.Background(), span)
	}
	return context.Background()
}

// roundTripToken makes a span of a call for a token. The path of its URL is not
// told: it may hold a secret.
func roundTripToken(base http.RoundTripper, req *http.Request) (*http.Response, error) {
	parent := trace.SpanFromContext(req.Context())
	if !parent.IsRecording() {
		return base.RoundTrip(req)
	}
	return traceCall(parent.TracerProvider().Tracer(tracerName), base, req, attribute.String("server.address", req.URL.Host))
}
