import Control
import PXE

extension DHCPCounters {
    var metrics: [MetricFamily] {
        let replies: [(String, UInt64)] = [
            ("offer", offers), ("ack", acks), ("nak", naks), ("leasequery", leaseAnswers),
        ]
        return [
            MetricFamily("muster_dhcp_packets_received_total", "Datagrams to ports 67 and 4011.", .counter, received),
            MetricFamily("muster_dhcp_packets_malformed_total", "Datagrams that were no DHCP.", .counter, malformed),
            MetricFamily(
                "muster_dhcp_replies_total",
                "Replies, by type.",
                .counter,
                replies.map { .init(Double($1), labels: ["type": $0]) }
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
        let ends: [(String, UInt64)] = [
            ("completed", completed), ("aborted", aborted), ("timed_out", timedOut), ("abandoned", abandoned),
        ]
        return [
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
                .counter,
                ends.map { .init(Double($1), labels: ["end": $0]) }
            ),
            MetricFamily("muster_tftp_transfers_active", "Transfers under way.", .gauge, active),
            MetricFamily(
                "muster_tftp_repetitions_total",
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
            MetricFamily("muster_http_scripts_total", "Scripts sent.", .counter, scripts),
            MetricFamily(
                "muster_http_resources_total",
                "Requests for kernels, initrds and loaders.",
                .counter,
                resources
            ),
            MetricFamily("muster_http_refused_total", "Answers 4xx.", .counter, refused),
            MetricFamily("muster_http_unavailable_total", "Answers 503.", .counter, unavailable),
            MetricFamily("muster_http_sent_bytes_total", "Bytes of resources.", .counter, bytes),
            MetricFamily("muster_http_aborted_total", "Transfers that ended early.", .counter, aborted),
            MetricFamily("muster_http_transfers_active", "Transfers under way.", .gauge, activeTransfers),
            MetricFamily("muster_http_connections", "Connections open.", .gauge, connections),
        ]
    }
}
