import Control
import PXE

extension DHCPCounters {
    var metrics: [MetricFamily] {
        let packets: [(direction: String, type: String, count: UInt64)] = [
            ("in", "discover", discovers), ("in", "request", requests), ("in", "inform", informs),
            ("out", "offer", offers), ("out", "ack", acks), ("out", "nak", naks), ("out", "leasequery", leaseAnswers),
        ]
        let drops =
            [("malformed", malformed)]
            + DHCPIgnored.allCases.map { ($0.rawValue, ignored[$0] ?? 0) }.sorted { $0.0 < $1.0 }
        return [
            MetricFamily("muster_dhcp_datagrams_total", "Datagrams to ports 67 and 4011.", .counter, received),
            MetricFamily(
                "muster_dhcp_packets_total",
                "DHCP packets, by direction and type.",
                .counter,
                packets.map { .init(Double($0.count), labels: ["direction": $0.direction, "type": $0.type]) }
            ),
            MetricFamily("muster_dhcp_dropped_total", "Packets that got no reply, by why.", by: "reason", drops),
            MetricFamily(
                "muster_dhcp_response_seconds",
                "From a packet's arrival to its reply's leaving, the lease's way to the disk included.",
                responses.map { [([:], $0)] } ?? []
            ),
            MetricFamily("muster_dhcp_send_failures_total", "Replies that did not leave.", .counter, sendFailures),
            MetricFamily(
                "muster_dhcp_store_failures_total",
                "Batches of leases that could not be written.",
                .counter,
                storeFailures
            ),
        ]
    }
}

extension TFTPCounters {
    var metrics: [MetricFamily] {
        [
            MetricFamily("muster_tftp_requests_total", "Read requests that parsed.", .counter, requests),
            MetricFamily(
                "muster_tftp_refused_total",
                "Requests refused with an ERROR.",
                .counter,
                refusedRequests.values.reduce(0, +)
            ),
            MetricFamily(
                "muster_tftp_transfers_total",
                "Transfers that ended, by how.",
                by: "result",
                [
                    ("completed", completed), ("aborted", aborted), ("timed_out", timedOut), ("abandoned", abandoned),
                ]
            ),
            MetricFamily("muster_tftp_sessions", "Transfers under way.", .gauge, active),
            MetricFamily("muster_tftp_sent_bytes_total", "Bytes that clients have.", .counter, bytes),
            MetricFamily(
                "muster_tftp_retransmits_total",
                "Times that something was sent again.",
                .counter,
                repetitions
            ),
            MetricFamily("muster_tftp_overload_total", "Requests dropped for want of room.", .counter, overload),
        ]
    }
}

extension HTTPCounters.Snapshot {
    var metrics: [MetricFamily] {
        [
            MetricFamily(
                "muster_http_requests_total",
                "Answers of the boot plane.",
                .counter,
                answers.map { answer in
                    .init(
                        Double(answer.count),
                        labels: [
                            "route": "\(answer.route)", "method": "\(answer.method)", "code": "\(answer.status)",
                        ]
                    )
                }
            ),
            MetricFamily(
                "muster_http_request_seconds",
                "From a request's last byte to its answer's.",
                HTTPCounters.Route.allCases.filter { $0 != .orders }.compactMap { route in
                    times[route].map { (["route": "\(route)"], $0) }
                }
            ),
            MetricFamily(
                "muster_http_sent_bytes_total",
                "Bytes of resources, by what they are of.",
                by: "kind",
                HTTPCounters.Route.allCases.compactMap { route in
                    sent[route].flatMap { $0 > 0 ? ("\(route)", $0) : nil }
                }
            ),
            MetricFamily("muster_http_aborted_total", "Transfers that ended early.", .counter, aborted),
            MetricFamily("muster_http_unavailable_total", "Requests told to come again later.", .counter, unavailable),
            MetricFamily("muster_http_inflight", "Transfers under way.", .gauge, activeTransfers),
            MetricFamily("muster_http_connections", "Connections open.", .gauge, connections),
        ]
    }
}
